/// What the reductions share: axes{...} are summed over (or multiplied, ...); keep_dims leaves
/// them with extent 1. Axes may be negative; an empty list reduces nothing.
#pragma once

#include "ops/result_dtype.hpp"

namespace lamina::plugin {

/// x's shape with 1 at the node's axes.
inline Dims kept_shape(const Node& node, const Dims& x) {
    Dims shape = x;
    for (const int64_t axis : axes_of(node, static_cast<int64_t>(x.size())))
        shape[static_cast<size_t>(axis)] = 1;
    return shape;
}

/// How many elements become one.
inline int64_t reduced_count(const Node& node, const Dims& x) {
    return elements(x) / std::max<int64_t>(elements(kept_shape(node, x)), 1);
}

#define LAMINA_REDUCTION_SCHEMA                                                                    \
    R"("axes": {"type": "ints", "required": true},)"                                               \
    R"("keep_dims": {"type": "bool", "default": false})"

struct Reduction {
    static constexpr auto schema = "{" LAMINA_REDUCTION_SCHEMA "}";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        const TensorType x = node.input(0).type();
        if (!is_floating(x.dtype) && !is_index(x.dtype))
            invalid(std::string(node.op()) + ": expected numbers, got " + dtype_name(x.dtype) +
                    "; cast the input first");
        const Dims axes = axes_of(node, x.rank());
        if (node.boolean("keep_dims"))
            return {{result_dtype(node), kept_shape(node, x.dims)}};
        Dims shape;
        for (int64_t i = 0; i < x.rank(); ++i)
            if (!std::binary_search(axes.begin(), axes.end(), i))
                shape.push_back(x.dims[static_cast<size_t>(i)]);
        return {{result_dtype(node), shape}};
    }
    static Cost cost(const Node& node) {
        return {static_cast<double>(node.input(0).elements()), traffic(node)};
    }

  protected:
    /// A value of y's shape, with the reduced axes back at extent 1: broadcasts to x.
    static Value kept(const GradientContext& g, Value y) {
        return reshape(y, kept_shape(g.node, g.x().shape()));
    }
};

/// Sums and means: with result_dtype.
struct Summation : Reduction {
    static constexpr auto schema = "{" LAMINA_REDUCTION_SCHEMA "," LAMINA_RESULT_DTYPE_SCHEMA "}";
};

} // namespace lamina::plugin
