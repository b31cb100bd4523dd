#include "codegen/values.hpp"

#include <cmath>
#include <limits>

namespace lamina::vulkan::spirv {

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

/// Horner's rule, the highest coefficient first.
Float polynomial(Float x, std::initializer_list<float> coefficients) {
    auto c = coefficients.begin();
    Float sum = literal(x, *c);
    for (++c; c != coefficients.end(); ++c)
        sum = sum * x + *c;
    return sum;
}

Float copy_sign(Float magnitude, Float sign_of) {
    return as_float((bits(magnitude) & 0x7fffffffu) | (bits(sign_of) & 0x80000000u));
}

/// 2^n for n in [-126, 127].
Float power_of_two(Int n) { return as_float(bits(n + literal(n, 127)) << 23); }

/// sin and cos of an angle in [-pi/4, pi/4] (Cephes, sinf.c).
Float sin_core(Float r) {
    const Float s = r * r;
    return r + r * s * polynomial(s, {-1.9515295891e-4f, 8.3321608736e-3f, -1.6666654611e-1f});
}
Float cos_core(Float r) {
    const Float s = r * r;
    return 1.0f - 0.5f * s +
           s * s *
               polynomial(s,
                          {2.443315711809948e-5f, -1.388731625493765e-3f, 4.166664568298827e-2f});
}

/// sin(x + quarter_turns * pi/2).
Float sin_shifted(Float x, int quarter_turns) {
    // Cody and Waite: pi/2 in three parts, the first two short, so that n times them is exact for
    // |x| up to about 1e4; beyond that the result loses digits as the angle itself has lost them.
    const Float n = unary(Glsl::RoundEven, x * 0.636619772367581343f);
    Float r = x - n * 1.5703125f;
    r = r - n * 4.83751296997e-4f;
    r = r - n * 7.5495336e-8f;
    const Int turns = to_int(n) + Int{x.m, x.m->i32(quarter_turns)};
    const Uint turn = bits(turns);
    const Float value = select(equal(turn & 1u, 1u), cos_core(r), sin_core(r));
    return select(equal(turn & 2u, 2u), -value, value);
}

} // namespace

Float exp(Float x) {
    // x = n ln 2 + r; the polynomial of Cephes, expf.c.
    const Float bounded =
        select(x < -110.0f, literal(x, -110.0f), select(x > 89.0f, literal(x, 89.0f), x));
    const Float n = unary(Glsl::RoundEven, bounded * 1.44269504088896341f);
    Float r = bounded - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    const Float p = r * r *
                        polynomial(r, {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                                       4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f}) +
                    r + 1.0f;
    // 2^n in two halves: n alone may be beyond what an exponent holds.
    const Int whole = to_int(n);
    const Int half = whole >> 1;
    return p * power_of_two(half) * power_of_two(whole - half);
}

Float log(Float x) {
    // Subnormals first become normal; then x = 2^e m with m in [sqrt(1/2), sqrt(2)).
    const Bool tiny = x < 1.17549435e-38f;
    const Float scaled = select(tiny, x * 8388608.0f, x);
    const Uint b = bits(scaled);
    const Uint shifted = b - Uint{x.m, x.m->u32(0x3f3504f3u)};
    const Int e = as_int(shifted) >> 23;
    const Float m = as_float(b - (bits(e) << 23));
    const Float exponent = to_float(e) - select(tiny, literal(x, 23.0f), literal(x, 0.0f));
    // Cephes, logf.c.
    const Float f = m - 1.0f;
    const Float s = f * f;
    Float y = f * s *
              polynomial(f, {7.0376836292e-2f, -1.1514610310e-1f, 1.1676998740e-1f,
                             -1.2420140846e-1f, 1.4249322787e-1f, -1.6668057665e-1f,
                             2.0000714765e-1f, -2.4999993993e-1f, 3.3333331174e-1f});
    y = y + exponent * -2.12194440e-4f;
    y = y - 0.5f * s;
    Float result = f + y + exponent * 0.693359375f;
    result = select(equal(x, 0.0f), literal(x, -kInfinity), result);
    result = select(x < 0.0f, literal(x, kNaN), result);
    return select(equal(x, kInfinity) || is_nan(x), x, result);
}

Float expm1(Float x) {
    // Kahan's: the rounding of u = e^x is undone by its logarithm. Near 0 a series does better.
    const Float u = exp(x);
    const Float far = (u - 1.0f) * x / log(u);
    const Float near =
        x + x * x * polynomial(x, {8.3333333e-3f, 4.1666667e-2f, 1.6666667e-1f, 0.5f});
    const Float middle = select(equal(u, 1.0f), x, far);
    const Float edge = select(x < -18.0f, literal(x, -1.0f), select(x > 88.0f, u, middle));
    return select(is_nan(x), x, select(abs(x) < 0.05f, near, edge));
}

Float log1p(Float x) {
    const Float u = x + 1.0f;
    const Float corrected = log(u) * x / (u - 1.0f);
    const Bool as_is = equal(u, 1.0f);
    const Bool plain = !(u < kInfinity) || !(u > 0.0f);
    return select(as_is, x, select(plain, log(u), corrected));
}

Float sin(Float x) { return sin_shifted(x, 0); }
Float cos(Float x) { return sin_shifted(x, 1); }

Float tanh(Float x) {
    // Cephes, tanhf.c.
    const Float s = x * x;
    const Float near =
        x + x * s *
                polynomial(s, {-5.70498872745e-3f, 2.06390887954e-2f, -5.37397155531e-2f,
                               1.33314422036e-1f, -3.33332819422e-1f});
    const Float far = 1.0f - 2.0f / (exp(abs(x) * 2.0f) + 1.0f);
    return select(abs(x) < 0.625f, near, select(is_nan(x), x, copy_sign(far, x)));
}

Float sigmoid(Float x) {
    const Float e = exp(-abs(x));
    return select(x < 0.0f, e, literal(x, 1.0f)) / (e + 1.0f);
}

Float softplus(Float x) { return maximum(x, literal(x, 0.0f)) + log1p(exp(-abs(x))); }

Float erf(Float x) {
    // Minimax polynomials for 1 - e^P(|x|) and for x P(x^2), below 1 unit in the last place
    // (N. Juffa, 2015).
    const Float t = abs(x);
    const Float s = x * x;
    const Float high = polynomial(t, {-1.72853470e-5f, 3.83197126e-4f});
    const Float low = polynomial(t, {-3.88396438e-3f, 2.42546219e-2f});
    Float r = high * s + low;
    r = r * t - 1.06777877e-1f;
    r = r * t - 6.34846687e-1f;
    r = r * t - 1.28717512e-1f;
    r = r * t - t;
    const Float far = copy_sign(1.0f - exp(r), x);
    const Float near = polynomial(s, {-5.96761703e-4f, 4.99119423e-3f, -2.67681349e-2f,
                                      1.12819925e-1f, -3.76125336e-1f, 1.28379166e-1f}) *
                           x +
                       x;
    return select(t > 0.927734375f, select(is_nan(x), x, far), near);
}

Float pow(Float x, Float y) {
    const Float magnitude = exp(y * log(abs(x)));
    const Bool integer = equal(unary(Glsl::Floor, y), y);
    const Float half = y * 0.5f;
    const Bool odd = integer && !equal(unary(Glsl::Floor, half), half);
    Float result = select(
        x < 0.0f, select(odd, -magnitude, select(integer, magnitude, literal(x, kNaN))), magnitude);
    result = select(equal(y, 0.0f) || equal(x, 1.0f), literal(x, 1.0f), result);
    return select(equal(y, 1.0f), x, result);
}

Float sign(Float x) {
    return select(x > 0.0f, literal(x, 1.0f), select(x < 0.0f, literal(x, -1.0f), x));
}
Float maximum(Float a, Float b) { return select((a > b) || is_nan(a), a, b); }
Float minimum(Float a, Float b) { return select((a < b) || is_nan(a), a, b); }
Float relu(Float x) { return select(x < 0.0f, literal(x, 0.0f), x); }
Bool is_finite(Float x) { return !equal(bits(x) & 0x7f800000u, 0x7f800000u); }

} // namespace lamina::vulkan::spirv
