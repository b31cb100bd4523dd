/// What the pooling operators share. The arithmetic of windows is in lamina/plugin/window.hpp.
#pragma once

#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"
#include "lamina/plugin/window.hpp"

namespace lamina::plugin {

#define LAMINA_POOL_SCHEMA                                                                         \
    R"("window": {"type": "ints", "required": true},)"                                             \
    R"("strides": {"type": "ints", "default": []},)"                                               \
    R"("padding_low": {"type": "ints", "default": []},)"                                           \
    R"("padding_high": {"type": "ints", "default": []},)"                                          \
    R"("data_format": {"type": "string", "enum": ["channels_last", "channels_first"],)"            \
    R"( "default": "channels_last"})"

inline Attrs pool_attrs(const Node& node, const Attrs& more = {}) {
    Attrs attrs{{"window", node.dims("window")},
                {"strides", node.dims("strides")},
                {"padding_low", node.dims("padding_low")},
                {"padding_high", node.dims("padding_high")},
                {"data_format", node.string("data_format")}};
    attrs.insert(attrs.end(), more.begin(), more.end());
    return attrs;
}

/// One operation an element of each window.
inline Cost pool_cost(const Node& node) {
    const PoolParams p = PoolParams::of(node);
    return {static_cast<double>(p.n * p.c * p.out_size() * p.window_size()), traffic(node)};
}

} // namespace lamina::plugin
