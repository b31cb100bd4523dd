/// What the kernels of convolutions share.
#pragma once

#include <algorithm>

#include "kernels/epilogue.hpp"
#include "lamina/plugin/window.hpp"

namespace lamina::vulkan {

using plugin::ConvParams;

/// The 23 constants of shaders/conv_geometry.glsl.
inline void append_geometry(std::vector<uint32_t>& constants, const ConvParams& p) {
    for (const plugin::Spatial* list : {&p.in, &p.out, &p.window, &p.strides, &p.low, &p.dilations})
        for (const int64_t v : *list)
            constants.push_back(word(v));
    constants.insert(constants.end(),
                     {word(p.c), word(p.k), word(p.c_group()), word(p.k_group()), p.channels_last});
}

/// A box of a window's entries, which lie side by side in the filter.
struct WindowPart {
    plugin::Spatial first{0, 0, 0}, extent{1, 1, 1};
};

/// The window in parts of at most so many entries, in their order; at least 1.
inline std::vector<WindowPart> window_parts(const ConvParams& p, int64_t most) {
    size_t d = 0; // cut along this, and apart along the slower ones
    int64_t entries = p.window_size() / p.window[0];
    while (d < 2 && entries > most)
        entries /= p.window[++d];
    plugin::Spatial step{1, 1, 1};
    for (size_t inner = d + 1; inner < 3; ++inner)
        step[inner] = p.window[inner];
    step[d] = std::min(most / entries, p.window[d]);
    std::vector<WindowPart> parts;
    plugin::Spatial at{0, 0, 0};
    for (at[0] = 0; at[0] < p.window[0]; at[0] += step[0])
        for (at[1] = 0; at[1] < p.window[1]; at[1] += step[1])
            for (at[2] = 0; at[2] < p.window[2]; at[2] += step[2]) {
                WindowPart part{at, step};
                part.extent[d] = std::min(step[d], p.window[d] - at[d]);
                parts.push_back(part);
            }
    return parts;
}

/// The convolution with a part of the window.
inline ConvParams with_window(ConvParams p, const WindowPart& part) {
    p.window = part.extent;
    for (size_t d = 0; d < 3; ++d)
        p.low[d] -= part.first[d] * p.dilations[d];
    return p;
}

/// Of conv (channels: K) or conv_backward_data (channels: C).
inline Epilogue conv_epilogue(const Limits& limits, const Node& node, const ConvParams& p,
                              int64_t channels) {
    return Epilogue::of(limits, node, 2, channels, p.channels_last ? p.rank + 1 : 1);
}

/// Bytes of both factors and of the result.
inline double operand_bytes(const Node& node) {
    return static_cast<double>(node.input(0).bytes() + node.input(1).bytes() +
                               node.output().bytes());
}

} // namespace lamina::vulkan
