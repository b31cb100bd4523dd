// Vectorised functions of floats, with IEEE's answers for NaN and infinity. Highway's polynomials
// stay within 4 ulp on the range they are made for; erf is Norbert Juffa's, within 2 ulp.
// Included once for each instruction set.

#if defined(LAMINA_CPU_MATH_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LAMINA_CPU_MATH_INL
#undef LAMINA_CPU_MATH_INL
#else
#define LAMINA_CPU_MATH_INL
#endif

#include <hwy/contrib/math/math-inl.h>
#include <hwy/highway.h>

#include <cmath>
#include <limits>

#include "compute/partial-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using MathTag = hn::ScalableTag<float>;
using MathVec = hn::Vec<MathTag>;

HWY_INLINE MathVec splat(float value) { return hn::Set(MathTag(), value); }

/// r, but x itself where x is NaN. (Highway's Ne is an ordered comparison: false for a NaN.)
HWY_INLINE MathVec keep_nan(MathVec x, MathVec r) { return hn::IfThenElse(hn::Eq(x, x), r, x); }

HWY_INLINE MathVec exp_of(MathVec x) {
    const MathTag d;
    const auto high = splat(88.7228394f); // the next float overflows
    const auto r = hn::Exp(d, hn::Min(x, high));
    return keep_nan(
        x, hn::IfThenElse(hn::Gt(x, high), splat(std::numeric_limits<float>::infinity()), r));
}

HWY_INLINE MathVec expm1_of(MathVec x) {
    const MathTag d;
    const auto high = splat(88.7228394f);
    const auto r = hn::Expm1(d, hn::Max(hn::Min(x, high), splat(-100.0f)));
    return keep_nan(
        x, hn::IfThenElse(hn::Gt(x, high), splat(std::numeric_limits<float>::infinity()), r));
}

/// Answers for 0, below 0 and infinity around a logarithm r of x, where zero is what counts as 0.
HWY_INLINE MathVec log_edges(MathVec x, MathVec r, float zero) {
    const auto infinity = splat(std::numeric_limits<float>::infinity());
    r = hn::IfThenElse(hn::Eq(x, infinity), infinity, r);
    r = hn::IfThenElse(hn::Eq(x, splat(zero)), hn::Neg(infinity), r);
    r = hn::IfThenElse(hn::Lt(x, splat(zero)), splat(std::numeric_limits<float>::quiet_NaN()), r);
    return keep_nan(x, r);
}

HWY_INLINE MathVec log_of(MathVec x) { return log_edges(x, hn::Log(MathTag(), x), 0.0f); }

HWY_INLINE MathVec log1p_of(MathVec x) {
    // Highway's divides by x, which is right but for x = 0.
    const auto r = hn::IfThenElse(hn::Eq(x, splat(0.0f)), x, hn::Log1p(MathTag(), x));
    return log_edges(x, r, -1.0f);
}

HWY_INLINE MathVec tanh_of(MathVec x) {
    // Beyond 10 the float nearest to tanh is 1.
    const auto r = hn::Tanh(MathTag(), hn::Max(hn::Min(x, splat(10.0f)), splat(-10.0f)));
    return keep_nan(x, r);
}

HWY_INLINE MathVec sigmoid_of(MathVec x) {
    const auto one = splat(1.0f);
    return hn::Div(one, hn::Add(one, exp_of(hn::Neg(x))));
}

/// ln(1 + e^x) = max(x, 0) + ln(1 + e^-|x|).
HWY_INLINE MathVec softplus_of(MathVec x) {
    const auto tail = log1p_of(exp_of(hn::Neg(hn::Abs(x))));
    return keep_nan(x, hn::Add(hn::Max(x, splat(0.0f)), tail));
}

HWY_INLINE MathVec erf_of(MathVec x) {
    const auto t = hn::Abs(x), s = hn::Mul(x, x);
    auto far = hn::MulAdd(splat(-1.72853470e-5f), t, splat(3.83197126e-4f));
    const auto u = hn::MulAdd(splat(-3.88396438e-3f), t, splat(2.42546219e-2f));
    far = hn::MulAdd(far, s, u);
    far = hn::MulAdd(far, t, splat(-1.06777877e-1f));
    far = hn::MulAdd(far, t, splat(-6.34846687e-1f));
    far = hn::MulAdd(far, t, splat(-1.28717512e-1f));
    far = hn::NegMulAdd(t, splat(1.0f), hn::Mul(far, t));
    // Beyond 4 the float nearest to erf is 1, and the polynomial turns round.
    far = hn::Sub(splat(1.0f), exp_of(far));
    far = hn::CopySign(hn::IfThenElse(hn::Gt(t, splat(4.0f)), splat(1.0f), far), x);
    auto near = splat(-5.96761703e-4f);
    near = hn::MulAdd(near, s, splat(4.99119423e-3f));
    near = hn::MulAdd(near, s, splat(-2.67681349e-2f));
    near = hn::MulAdd(near, s, splat(1.12819925e-1f));
    near = hn::MulAdd(near, s, splat(-3.76125336e-1f));
    near = hn::MulAdd(near, s, splat(1.28379166e-1f));
    near = hn::MulAdd(near, x, x);
    return keep_nan(x, hn::IfThenElse(hn::Gt(t, splat(0.921875f)), far, near));
}

} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
