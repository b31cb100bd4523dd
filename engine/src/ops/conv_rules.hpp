/// What the convolution and its two backward operators share. The arithmetic of windows is in
/// lamina/plugin/window.hpp.
///
/// With x, f and y = conv(x, f), the three are the derivatives of one trilinear form
///     sum over y-positions, x-positions within the window, channels: x * f * dy
/// so that each one's gradient is written in the other two.
#pragma once

#include "lamina/plugin/window.hpp"
#include "ops/epilogue.hpp"

namespace lamina::plugin {

#define LAMINA_CONV_SCHEMA                                                                         \
    R"("strides": {"type": "ints", "default": []},)"                                               \
    R"("padding_low": {"type": "ints", "default": []},)"                                           \
    R"("padding_high": {"type": "ints", "default": []},)"                                          \
    R"("dilations": {"type": "ints", "default": []},)"                                             \
    R"("groups": {"type": "int", "default": 1, "min": 1},)"                                        \
    R"("data_format": {"type": "string", "enum": ["channels_last", "channels_first"],)"            \
    R"( "default": "channels_last"},)" LAMINA_RESULT_DTYPE_SCHEMA

/// The attributes that all three share, with one more where given.
inline Attrs conv_attrs(const Node& node, const Attrs& more = {}) {
    Attrs attrs{
        {"strides", node.dims("strides")},           {"padding_low", node.dims("padding_low")},
        {"padding_high", node.dims("padding_high")}, {"dilations", node.dims("dilations")},
        {"groups", node.integer("groups")},          {"data_format", node.string("data_format")}};
    attrs.insert(attrs.end(), more.begin(), more.end());
    return attrs;
}

inline Value conv(const Node& like, Value x, Value filter) {
    return x.graph().node("conv", {x, filter}, conv_attrs(like));
}
inline Value conv_backward_data(const Node& like, Value dy, Value filter, const Dims& x_shape) {
    return dy.graph().node("conv_backward_data", {dy, filter},
                           conv_attrs(like, {{"input_shape", x_shape}}));
}
inline Value conv_backward_filter(const Node& like, Value x, Value dy, const Dims& filter_shape) {
    return x.graph().node("conv_backward_filter", {x, dy},
                          conv_attrs(like, {{"filter_shape", filter_shape}}));
}

inline Cost conv_cost(const Node& node) { return {ConvParams::of(node).flops(), traffic(node)}; }

} // namespace lamina::plugin
