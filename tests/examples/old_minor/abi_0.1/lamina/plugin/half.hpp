#pragma once

// 16-bit floating-point storage types and their conversions. Depends on nothing of Lamina, so that
// any plugin may include it.

#include <bit>
#include <cstdint>

namespace lamina {

/// IEEE 754 binary16 as stored: 1 sign, 5 exponent and 10 fraction bits.
struct Half {
    std::uint16_t bits = 0;
    friend constexpr bool operator==(Half, Half) = default;
};

/// The upper half of an IEEE 754 binary32: 1 sign, 8 exponent and 7 fraction bits.
struct BFloat16 {
    std::uint16_t bits = 0;
    friend constexpr bool operator==(BFloat16, BFloat16) = default;
};

/// Exact: every half is a float. A NaN keeps its payload.
constexpr float half_to_float(Half half) {
    const std::uint32_t sign = (half.bits & 0x8000u) << 16;
    std::uint32_t exponent = (half.bits >> 10) & 0x1fu;
    std::uint32_t fraction = half.bits & 0x3ffu;
    if (exponent == 0x1fu)
        return std::bit_cast<float>(sign | 0x7f800000u | (fraction << 13));
    if (exponent == 0) {
        if (fraction == 0)
            return std::bit_cast<float>(sign);
        // A subnormal half is a normal float: shift the leading one into the hidden place.
        const auto shift = static_cast<std::uint32_t>(std::countl_zero(fraction)) - 21u;
        fraction = (fraction << shift) & 0x3ffu;
        exponent = 1u - shift; // wraps below zero; the bias added below brings it back
    }
    return std::bit_cast<float>(sign | ((exponent + 112u) << 23) | (fraction << 13));
}

/// Rounds to nearest, ties to even; beyond 65519 becomes infinity; a NaN stays a (quiet) NaN.
constexpr Half float_to_half(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((bits >> 16) & 0x8000u);
    const std::uint32_t magnitude = bits & 0x7fffffffu;
    if (magnitude > 0x7f800000u)
        return {static_cast<std::uint16_t>(sign | 0x7e00u | ((magnitude >> 13) & 0x3ffu))};
    if (magnitude >= 0x477ff000u) // 65520, from where the nearest half would be 65536
        return {static_cast<std::uint16_t>(sign | 0x7c00u)};
    if (magnitude < 0x33000000u) // below half of the smallest subnormal
        return {sign};
    // Below 2^-14 the half is subnormal: its unit is 2^-24 whatever the float's exponent.
    const std::uint32_t exponent = magnitude >> 23;
    const bool subnormal = exponent < 113u;
    const std::uint32_t drop = subnormal ? 126u - exponent : 13u;
    const std::uint32_t fraction =
        subnormal ? (magnitude & 0x7fffffu) | 0x800000u : magnitude - (112u << 23);
    const std::uint32_t kept = fraction >> drop;
    const std::uint32_t rest = fraction & ((1u << drop) - 1u);
    const std::uint32_t tie = 1u << (drop - 1u);
    const std::uint32_t up = (rest > tie || (rest == tie && (kept & 1u) != 0)) ? 1u : 0u;
    return {static_cast<std::uint16_t>(sign | (kept + up))};
}

/// Exact.
constexpr float bfloat16_to_float(BFloat16 value) {
    return std::bit_cast<float>(static_cast<std::uint32_t>(value.bits) << 16);
}

/// Rounds to nearest, ties to even; a NaN stays a (quiet) NaN.
constexpr BFloat16 float_to_bfloat16(float value) {
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return {static_cast<std::uint16_t>((bits >> 16) | 0x0040u)};
    const std::uint32_t rounded = bits + 0x7fffu + ((bits >> 16) & 1u);
    return {static_cast<std::uint16_t>(rounded >> 16)};
}

} // namespace lamina
