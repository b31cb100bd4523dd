/// What each elementwise operator computes.
#pragma once

#include <algorithm>
#include <cmath>

#include "tensors.hpp"

namespace lamina::reference {

/// The operators from real numbers to real numbers. NaN in, NaN out, as IEEE 754 and NumPy have it
/// (maximum, minimum and relu included; pow(1, NaN) and pow(NaN, 0) are 1).
inline double calculate(Element op, double a, double b = 0) {
    switch (op) {
    case Element::neg:
        return -a;
    case Element::abs:
        return std::fabs(a);
    case Element::sign:
        return std::isnan(a) ? a : static_cast<double>((a > 0) - (a < 0));
    case Element::exp:
        return std::exp(a);
    case Element::expm1:
        return std::expm1(a);
    case Element::log:
        return std::log(a);
    case Element::log1p:
        return std::log1p(a);
    case Element::sqrt:
        return std::sqrt(a);
    case Element::rsqrt:
        return 1 / std::sqrt(a);
    case Element::reciprocal:
        return 1 / a;
    case Element::square:
        return a * a;
    case Element::sin:
        return std::sin(a);
    case Element::cos:
        return std::cos(a);
    case Element::tanh:
        return std::tanh(a);
    case Element::sigmoid:
        return 1 / (1 + std::exp(-a));
    case Element::softplus: // ln(1 + e^a), without overflow
        return std::isnan(a) ? a : std::max(a, 0.0) + std::log1p(std::exp(-std::fabs(a)));
    case Element::relu:
        return a > 0 || std::isnan(a) ? a : 0;
    case Element::erf:
        return std::erf(a);
    case Element::floor:
        return std::floor(a);
    case Element::ceil:
        return std::ceil(a);
    case Element::round:
        return std::nearbyint(a); // half to even: the mode that every program starts in
    case Element::copy:
        return a;
    case Element::add:
        return a + b;
    case Element::sub:
        return a - b;
    case Element::mul:
        return a * b;
    case Element::div:
        return a / b;
    case Element::pow:
        return std::pow(a, b);
    case Element::maximum:
        return std::isnan(a) || a > b ? a : b;
    case Element::minimum:
        return std::isnan(a) || a < b ? a : b;
    default:
        invalid(std::string(element_info(op).name) + " is not defined on real numbers");
    }
}

/// The operators from whole numbers to whole numbers, modulo 2^64.
inline int64_t calculate(Element op, int64_t a, int64_t b = 0) {
    const auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
    const auto wrapped = [](uint64_t value) { return static_cast<int64_t>(value); };
    switch (op) {
    case Element::neg:
        return wrapped(-ua);
    case Element::abs:
        return a < 0 ? wrapped(-ua) : a;
    case Element::sign:
        return (a > 0) - (a < 0);
    case Element::square:
        return wrapped(ua * ua);
    case Element::relu:
        return std::max<int64_t>(a, 0);
    case Element::copy:
        return a;
    case Element::add:
        return wrapped(ua + ub);
    case Element::sub:
        return wrapped(ua - ub);
    case Element::mul:
        return wrapped(ua * ub);
    case Element::maximum:
        return std::max(a, b);
    case Element::minimum:
        return std::min(a, b);
    case Element::logical_not:
        return a == 0;
    case Element::logical_and:
        return a != 0 && b != 0;
    case Element::logical_or:
        return a != 0 || b != 0;
    default:
        invalid(std::string(element_info(op).name) + " is not defined on whole numbers");
    }
}

/// The operators from numbers to truth. Every comparison with NaN is false but not_equal.
template <class W>
bool decide(Element op, W a, W b) {
    switch (op) {
    case Element::is_finite:
        return std::isfinite(static_cast<double>(a));
    case Element::equal:
        return a == b;
    case Element::not_equal:
        return a != b;
    case Element::less:
        return a < b;
    case Element::less_equal:
        return a <= b;
    case Element::greater:
        return a > b;
    case Element::greater_equal:
        return a >= b;
    default:
        invalid(std::string(element_info(op).name) + " gives no truth value");
    }
}

} // namespace lamina::reference
