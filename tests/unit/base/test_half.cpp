#include "lamina/plugin/half.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <cstring>
#include <limits>

using namespace lamina;

namespace {

Half half(unsigned bits) { return {static_cast<std::uint16_t>(bits)}; }
BFloat16 bfloat16(unsigned bits) { return {static_cast<std::uint16_t>(bits)}; }

/// What a half is worth, from IEEE 754's own formula.
double half_value(unsigned bits) {
    const int exponent = static_cast<int>(bits >> 10 & 31);
    const int fraction = static_cast<int>(bits & 1023);
    const double sign = (bits & 0x8000) != 0 ? -1 : 1;
    return exponent == 0 ? sign * std::ldexp(fraction, -24)
                         : sign * std::ldexp(1024 + fraction, exponent - 25);
}

bool is_half_nan(Half h) { return (h.bits & 0x7fff) > 0x7c00; }

} // namespace

TEST_CASE("half: every finite half becomes the float that it is worth, and comes back") {
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
        if ((bits & 0x7c00) == 0x7c00)
            continue;
        const float value = half_to_float(half(bits));
        REQUIRE(value == half_value(bits));
        REQUIRE(float_to_half(value).bits == bits);
    }
}

TEST_CASE("half: infinities and not-a-number are kept") {
    CHECK(half_to_float(half(0x7c00)) == std::numeric_limits<float>::infinity());
    CHECK(half_to_float(half(0xfc00)) == -std::numeric_limits<float>::infinity());
    for (unsigned bits = 0x7c01; bits < 0x8000; ++bits) {
        REQUIRE(std::isnan(half_to_float(half(bits))));
        REQUIRE(is_half_nan(float_to_half(half_to_float(half(bits)))));
    }
    CHECK(is_half_nan(float_to_half(std::bit_cast<float>(0x7f800001u))));
    CHECK(float_to_half(std::bit_cast<float>(0xff800001u)).bits >> 15 == 1);
}

TEST_CASE("half: the midpoint of every two neighbours rounds to the even one") {
    for (unsigned bits = 0; bits < 0x7bff; ++bits) {
        const double low = half_value(bits);
        const double high = half_value(bits + 1);
        const auto middle = static_cast<float>((low + high) / 2);
        const unsigned even = (bits & 1) == 0 ? bits : bits + 1;
        REQUIRE(float_to_half(middle).bits == even);
        REQUIRE(float_to_half(-middle).bits == (even | 0x8000));
        REQUIRE(float_to_half(std::nextafter(middle, 0.0f)).bits == bits);
        REQUIRE(float_to_half(std::nextafter(middle, 1e9f)).bits == bits + 1);
    }
}

TEST_CASE("half: what is too large becomes infinity, what is too small zero") {
    CHECK(float_to_half(65504.0f).bits == 0x7bff);
    CHECK(float_to_half(std::nextafter(65520.0f, 0.0f)).bits == 0x7bff);
    CHECK(float_to_half(65520.0f).bits == 0x7c00);
    CHECK(float_to_half(std::numeric_limits<float>::max()).bits == 0x7c00);
    CHECK(float_to_half(-std::numeric_limits<float>::infinity()).bits == 0xfc00);
    CHECK(float_to_half(0x1p-25f).bits == 0);
    CHECK(float_to_half(std::nextafter(0x1p-25f, 1.0f)).bits == 1);
    CHECK(float_to_half(-0.0f).bits == 0x8000);
    CHECK(float_to_half(std::numeric_limits<float>::denorm_min()).bits == 0);
}

TEST_CASE("bfloat16: every value that is a number comes back") {
    for (unsigned bits = 0; bits < 0x10000; ++bits) {
        const float value = bfloat16_to_float(bfloat16(bits));
        if (std::isnan(value))
            REQUIRE(std::isnan(bfloat16_to_float(float_to_bfloat16(value))));
        else
            REQUIRE(float_to_bfloat16(value).bits == bits);
    }
}

TEST_CASE("bfloat16: ties round to the even neighbour, overflow to infinity") {
    CHECK(float_to_bfloat16(std::bit_cast<float>(0x3f808000u)).bits == 0x3f80);
    CHECK(float_to_bfloat16(std::bit_cast<float>(0x3f818000u)).bits == 0x3f82);
    CHECK(float_to_bfloat16(std::bit_cast<float>(0x3f808001u)).bits == 0x3f81);
    CHECK(float_to_bfloat16(std::bit_cast<float>(0x3f807fffu)).bits == 0x3f80);
    CHECK(float_to_bfloat16(std::numeric_limits<float>::max()).bits == 0x7f80);
    CHECK(std::isnan(bfloat16_to_float(float_to_bfloat16(std::bit_cast<float>(0x7f800001u)))));
}
