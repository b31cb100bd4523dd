/// Numpy's broadcasting: shapes are aligned at their ends, and a dimension of 1 stretches.
#pragma once

#include <algorithm>
#include <optional>
#include <span>

#include "lamina/plugin/node.hpp"

namespace lamina::plugin {

/// The shape both broadcast to; nothing when they do not fit.
inline std::optional<Dims> broadcast_shape(std::span<const int64_t> a, std::span<const int64_t> b) {
    Dims out(std::max(a.size(), b.size()));
    for (size_t i = 0; i < out.size(); ++i) { // from the last dimension
        const int64_t x = i < a.size() ? a[a.size() - 1 - i] : 1;
        const int64_t y = i < b.size() ? b[b.size() - 1 - i] : 1;
        if (x != y && x != 1 && y != 1)
            return std::nullopt;
        out[out.size() - 1 - i] = x == 1 ? y : x;
    }
    return out;
}

/// The shape that all inputs of the node broadcast to. Throws with the shapes when they do not fit.
inline Dims broadcast_inputs(const Node& node) {
    Dims out = node.input(0).type().dims;
    for (int64_t i = 1; i < node.n_inputs(); ++i) {
        auto next = broadcast_shape(out, node.input(i).dims());
        if (!next) {
            std::string shapes;
            for (int64_t j = 0; j < node.n_inputs(); ++j)
                shapes += (j ? ", " : "") + to_string(node.input(j).dims());
            invalid(std::string(node.op()) + ": the shapes " + shapes +
                    " do not broadcast: aligned at their ends, dimensions must be equal or 1");
        }
        out = std::move(*next);
    }
    return out;
}

/// Element strides with which a dense tensor of shape `from` is read as shape `to`: 0 where it
/// stretches.
inline Dims broadcast_strides(std::span<const int64_t> from, std::span<const int64_t> to) {
    Dims strides(to.size(), 0);
    int64_t step = 1;
    for (size_t i = 0; i < from.size(); ++i) {
        const int64_t dim = from[from.size() - 1 - i];
        strides[to.size() - 1 - i] = dim == 1 ? 0 : step;
        step *= dim;
    }
    return strides;
}

} // namespace lamina::plugin
