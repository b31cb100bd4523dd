/// What the kernels of convolutions share.
#pragma once

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
