/// Operands as the specification sees them: real numbers in double precision and whole numbers in
/// 64 bits, whatever they are stored as. Results are rounded once, when they are stored.
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <vector>

#include "lamina/plugin/expression.hpp"
#include "lamina/plugin/half.hpp"
#include "lamina/plugin/kernel.hpp"

namespace lamina::reference {

using namespace plugin;

using Reals = std::vector<double>;
using Wholes = std::vector<int64_t>;

/// visit(T{}) with the C++ type that stores the dtype.
template <class Visit>
decltype(auto) with_dtype(lm_dtype dtype, Visit&& visit) {
    switch (dtype) {
    case LM_F32:
        return visit(float{});
    case LM_F64:
        return visit(double{});
    case LM_I32:
        return visit(int32_t{});
    case LM_I64:
        return visit(int64_t{});
    case LM_U8:
        return visit(uint8_t{});
    case LM_BOOL:
        return visit(bool{});
    case LM_F16:
        return visit(Half{});
    case LM_BF16:
        return visit(BFloat16{});
    default:
        invalid("unknown dtype " + std::to_string(dtype));
    }
}

/// visit(W{}) with the type that computes on the dtype: double, or int64_t for integers and bool.
template <class Visit>
decltype(auto) with_wide(lm_dtype dtype, Visit&& visit) {
    return is_floating(dtype) ? visit(double{}) : visit(int64_t{});
}

template <class W, class T>
W widen(T stored) {
    if constexpr (std::same_as<T, Half>)
        return static_cast<W>(half_to_float(stored));
    else if constexpr (std::same_as<T, BFloat16>)
        return static_cast<W>(bfloat16_to_float(stored));
    else
        return static_cast<W>(stored);
}

/// Real to whole: towards zero, to the nearest end where it lies outside, NaN to 0. Whole to whole:
/// modulo the width. To bool: whether it differs from 0.
template <class T, class W>
T narrow(W value) {
    if constexpr (std::same_as<T, Half>) {
        return float_to_half(static_cast<float>(value));
    } else if constexpr (std::same_as<T, BFloat16>) {
        return float_to_bfloat16(static_cast<float>(value));
    } else if constexpr (std::same_as<T, bool>) {
        return value != W{};
    } else if constexpr (std::integral<T> && std::floating_point<W>) {
        using Limits = std::numeric_limits<T>;
        if (std::isnan(value))
            return 0;
        if (value <= static_cast<W>(Limits::min()))
            return Limits::min();
        if (value >= static_cast<W>(Limits::max()))
            return Limits::max();
        return static_cast<T>(value);
    } else {
        return static_cast<T>(value);
    }
}

template <class W = double>
std::vector<W> load(const TensorView& type, const void* data) {
    return with_dtype(type.dtype(), [&](auto tag) {
        const auto* stored = static_cast<const decltype(tag)*>(data);
        std::vector<W> values(static_cast<size_t>(type.elements()));
        for (size_t i = 0; i < values.size(); ++i)
            values[i] = widen<W>(stored[i]);
        return values;
    });
}

template <class W>
void store(const TensorView& type, void* data, const std::vector<W>& values) {
    with_dtype(type.dtype(), [&](auto tag) {
        auto* stored = static_cast<decltype(tag)*>(data);
        for (size_t i = 0; i < values.size(); ++i)
            stored[i] = narrow<decltype(tag)>(values[i]);
    });
}

/// Input i of the node, wide.
template <class W = double>
std::vector<W> load(const Node& node, const Args& args, int64_t i) {
    return load<W>(node.input(i), args.in<void>(i));
}

/// Stores output i of the node.
template <class W>
void store(const Node& node, const Args& args, int64_t i, const std::vector<W>& values) {
    store(node.output(i), args.out<void>(i), values);
}

/// The cost model of plain loops: about a nanosecond an operation.
inline Plan plain_loops(double operations) {
    return {.seconds = 1e-9 * operations, .numerics = "exact"};
}

/// A kernel with ten operations an element of the output.
struct PerElement {
    static Plan describe(const Node& node) {
        return plain_loops(10.0 * static_cast<double>(node.output().elements()));
    }
};

} // namespace lamina::reference
