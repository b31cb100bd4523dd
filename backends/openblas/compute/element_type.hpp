#pragma once

// How an element of each dtype is stored, and what it is computed as.

#include <cstdint>

#include "lamina/plugin/abi.h"
#include "lamina/plugin/half.hpp"

namespace lamina::cpu {

template <class T>
struct Plain {
    using Stored = T;
    using Value = T;
    static Value load(Stored x) { return x; }
    static Stored store(Value x) { return x; }
};

struct HalfElement {
    using Stored = std::uint16_t;
    using Value = float;
    static Value load(Stored x) { return half_to_float(lamina::Half{x}); }
    static Stored store(Value x) { return float_to_half(x).bits; }
};

struct BFloatElement {
    using Stored = std::uint16_t;
    using Value = float;
    static Value load(Stored x) { return bfloat16_to_float(BFloat16{x}); }
    static Stored store(Value x) { return float_to_bfloat16(x).bits; }
};

/// Calls f with the element type of a dtype.
template <class F>
decltype(auto) visit(lm_dtype dtype, F&& f) {
    switch (dtype) {
    case LM_F64:
        return f(Plain<double>{});
    case LM_I32:
        return f(Plain<std::int32_t>{});
    case LM_I64:
        return f(Plain<std::int64_t>{});
    case LM_U8:
        return f(Plain<std::uint8_t>{});
    case LM_BOOL:
        return f(Plain<bool>{});
    case LM_F16:
        return f(HalfElement{});
    case LM_BF16:
        return f(BFloatElement{});
    default:
        return f(Plain<float>{});
    }
}

} // namespace lamina::cpu
