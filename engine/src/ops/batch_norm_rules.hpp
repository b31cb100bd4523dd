/// What the batch normalisation operators share. axis: the channels'; gamma, beta, mean and
/// variance are [C], in x's dtype, or in f32 beside an x of f16 or bf16, which is computed on in
/// f32; n = elements of x / C; r = 1 / sqrt(variance + epsilon); xhat = (x - mean) * r.
#pragma once

#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {

#define LAMINA_BATCH_NORM_SCHEMA                                                                   \
    R"({"epsilon": {"type": "float", "default": 0.001}, "axis": {"type": "int", "default": -1}})"

/// Checks inputs 1 to `vectors`; returns their type.
inline TensorType expect_channels(const Node& node, int64_t vectors) {
    expect_floating(node, 1);
    const TensorView x = node.input(0);
    TensorType vector{size_of(x.dtype()) == 2 ? lm_dtype{LM_F32} : x.dtype(),
                      {x.dim(axis_of(node, x.rank()))}};
    for (int64_t i = 1; i <= vectors; ++i) {
        expect_shape(node, i, "a vector of the channels", vector.dims);
        expect_dtype(node, i, vector.dtype);
    }
    if (x.elements() == 0)
        invalid(std::string(node.op()) + ": x " + to_string(x.dims()) + " has no elements");
    if (!(node.number("epsilon") >= 0))
        invalid(std::string(node.op()) + ": epsilon " + std::to_string(node.number("epsilon")) +
                " must not be negative");
    return vector;
}

/// x in the dtype of the statistics.
inline Value widened(Value x, Value vector) { return cast(x, vector.dtype()); }

/// All axes of x but the channels'.
inline Dims other_axes(const Node& node, Value x) {
    Dims axes = all_axes(x);
    axes.erase(axes.begin() + axis_of(node, x.rank()));
    return axes;
}

/// A [C] vector shaped to broadcast along x's channels.
inline Value along_channels(const Node& node, Value vector, Value x) {
    Dims shape(static_cast<size_t>(x.rank()), 1);
    shape[static_cast<size_t>(axis_of(node, x.rank()))] = vector.dim(0);
    return reshape(vector, shape);
}

/// r, [C].
inline Value inverse_deviation(const Node& node, Value variance) {
    return rsqrt(variance + node.number("epsilon"));
}

inline double count_per_channel(const Node& node, Value x) {
    return static_cast<double>(elements(x.shape())) /
           static_cast<double>(x.dim(axis_of(node, x.rank())));
}

inline Cost batch_norm_cost(const Node& node, double flops_per_element) {
    return {flops_per_element * static_cast<double>(node.input(0).elements()), traffic(node)};
}

} // namespace lamina::plugin
