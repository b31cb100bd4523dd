/// What most shape rules check, and the axes that kernels read.
#pragma once

#include <algorithm>
#include <string>

#include "lamina/plugin/expression.hpp"
#include "lamina/plugin/node.hpp"

namespace lamina::plugin {

/// The shapes of all inputs, for messages: "[2, 3], [3, 4]".
inline std::string input_shapes(const Node& node) {
    std::string text;
    for (int64_t i = 0; i < node.n_inputs(); ++i)
        text += (i ? ", " : "") + to_string(node.input(i).dims());
    return text;
}

inline void expect_inputs(const Node& node, int64_t count) {
    if (node.n_inputs() != count)
        invalid(std::string(node.op()) + ": expected " + std::to_string(count) +
                (count == 1 ? " input, got " : " inputs, got ") + std::to_string(node.n_inputs()));
}

inline void expect_dtype(const Node& node, int64_t input, lm_dtype expected) {
    if (const lm_dtype got = node.input(input).dtype(); got != expected)
        invalid(std::string(node.op()) + ": input " + std::to_string(input) + " is " +
                dtype_name(got) + "; expected " + dtype_name(expected) + ": cast it first");
}

/// That inputs [0, count) have one floating-point dtype; returns it.
inline lm_dtype expect_floating(const Node& node, int64_t count) {
    const lm_dtype dtype = node.input(0).dtype();
    for (int64_t i = 0; i < count; ++i)
        if (const lm_dtype d = node.input(i).dtype(); d != dtype || !is_floating(d))
            invalid(std::string(node.op()) + ": input " + std::to_string(i) + " is " +
                    dtype_name(d) + "; expected " +
                    (is_floating(dtype) ? dtype_name(dtype) : "a floating-point dtype") +
                    ": cast it first");
    return dtype;
}

/// What a product or sum gives before its epilogue: the attribute `result_dtype`, by default the
/// operands' own. A sum of f16 is thus kept as the f32 in which it was added up.
inline lm_dtype result_dtype(const Node& node) {
    const std::string stated = node.has("result_dtype") ? node.string("result_dtype") : "";
    return stated.empty() ? node.input(0).dtype() : parse_dtype(stated);
}

inline lm_dtype expect_index(const Node& node, int64_t input) {
    const lm_dtype dtype = node.input(input).dtype();
    if (!is_index(dtype))
        invalid(std::string(node.op()) + ": input " + std::to_string(input) + " holds indices; " +
                "expected i32 or i64, got " + dtype_name(dtype));
    return dtype;
}

inline void expect_shape(const Node& node, int64_t input, const char* what,
                         std::span<const int64_t> expected) {
    const auto dims = node.input(input).dims();
    if (!std::equal(dims.begin(), dims.end(), expected.begin(), expected.end()))
        invalid(std::string(node.op()) + ": " + what + " (input " + std::to_string(input) +
                ") is " + to_string(dims) + "; expected " + to_string(expected));
}

/// An axis counted from the end when negative, as one counted from the start.
inline int64_t normalized_axis(const Node& node, int64_t axis, int64_t rank) {
    if (axis < -rank || axis >= rank)
        invalid(std::string(node.op()) + ": axis " + std::to_string(axis) +
                " does not exist in a tensor of rank " + std::to_string(rank) + " (inputs " +
                input_shapes(node) + ")");
    return axis < 0 ? axis + rank : axis;
}

/// The attribute `axis`, from the start.
inline int64_t axis_of(const Node& node, int64_t rank) {
    return normalized_axis(node, node.integer("axis"), rank);
}

/// The attribute `axes`, from the start and in ascending order. Empty: no axis at all.
inline Dims axes_of(const Node& node, int64_t rank) {
    Dims axes = node.dims("axes");
    for (int64_t& axis : axes)
        axis = normalized_axis(node, axis, rank);
    std::sort(axes.begin(), axes.end());
    if (std::adjacent_find(axes.begin(), axes.end()) != axes.end())
        invalid(std::string(node.op()) + ": axes " + to_string(node.integers("axes")) +
                " name an axis twice");
    return axes;
}

/// A tensor as [outer, dim, inner] around one axis.
struct AxisSplit {
    int64_t outer = 1;
    int64_t dim = 1;
    int64_t inner = 1;
};

inline AxisSplit split_at(std::span<const int64_t> dims, int64_t axis) {
    const auto at = static_cast<size_t>(axis);
    return {elements(dims.first(at)), dims[at], elements(dims.subspan(at + 1))};
}

/// Bytes of all inputs and outputs.
inline double traffic(const Node& node) {
    int64_t bytes = 0;
    for (int64_t i = 0; i < node.n_inputs(); ++i)
        bytes += node.input(i).bytes();
    for (int64_t i = 0; i < node.n_outputs(); ++i)
        bytes += node.output(i).bytes();
    return static_cast<double>(bytes);
}

} // namespace lamina::plugin
