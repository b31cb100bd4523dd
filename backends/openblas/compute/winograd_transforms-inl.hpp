// The one-dimensional transforms of Winograd's filtering, on vectors; two passes of one make the
// two-dimensional transform. Included once for each instruction set.
//
// With interpolation points 0, 1, -1 (and 2, -2 for six; and 1/2, -1/2 for eight), and infinity:
//     target = A^T [(G g) * (B^T d)],  A^T[i][p] = p^i,  G[p][i] = f_p p^i,
// where f makes the product exact, and infinity selects the highest power. B depends on the points
// only, not on how they are shared between tile and kernel. The gradient to the filter is
// G^T [(A dy) * (B^T d)].

#if defined(LAMINA_CPU_WINOGRAD_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LAMINA_CPU_WINOGRAD_INL
#undef LAMINA_CPU_WINOGRAD_INL
#else
#define LAMINA_CPU_WINOGRAD_INL
#endif

#include <hwy/highway.h>

#include "compute/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {

HWY_INLINE FloatVec constant(float value) { return hn::Set(Float(), value); }

/// v = B^T d.
HWY_INLINE void source_transform(const FloatVec (&d)[4], FloatVec (&v)[4]) {
    v[0] = hn::Sub(d[0], d[2]);
    v[1] = hn::Add(d[1], d[2]);
    v[2] = hn::Sub(d[2], d[1]);
    v[3] = hn::Sub(d[3], d[1]);
}

HWY_INLINE void source_transform(const FloatVec (&d)[6], FloatVec (&v)[6]) {
    const auto two = constant(2.0f), four = constant(4.0f), five = constant(5.0f);
    const auto even1 = hn::NegMulAdd(four, d[2], d[4]); // d4 - 4 d2
    const auto odd1 = hn::NegMulAdd(four, d[1], d[3]);  // d3 - 4 d1
    const auto even2 = hn::Sub(d[4], d[2]);
    const auto odd2 = hn::Mul(two, hn::Sub(d[3], d[1]));
    v[0] = hn::MulAdd(four, d[0], hn::NegMulAdd(five, d[2], d[4]));
    v[1] = hn::Add(even1, odd1);
    v[2] = hn::Sub(even1, odd1);
    v[3] = hn::Add(even2, odd2);
    v[4] = hn::Sub(even2, odd2);
    v[5] = hn::MulAdd(four, d[1], hn::NegMulAdd(five, d[3], d[5]));
}

HWY_INLINE void source_transform(const FloatVec (&d)[8], FloatVec (&v)[8]) {
    const auto half = constant(0.5f), two = constant(2.0f), four = constant(4.0f);
    const auto a = constant(5.25f), b = constant(4.25f), c = constant(1.25f), e = constant(2.5f);
    const auto even1 = hn::NegMulAdd(b, d[4], hn::Add(d[2], d[6]));
    const auto odd1 = hn::NegMulAdd(b, d[3], hn::Add(d[1], d[5]));
    const auto even2 = hn::MulAdd(constant(0.25f), d[2], hn::NegMulAdd(c, d[4], d[6]));
    const auto odd2 = hn::MulAdd(half, d[1], hn::NegMulAdd(e, d[3], hn::Mul(two, d[5])));
    const auto even3 = hn::MulAdd(four, hn::NegMulAdd(c, d[4], d[2]), d[6]);
    const auto odd3 = hn::MulAdd(two, d[1], hn::NegMulAdd(e, d[3], hn::Mul(half, d[5])));
    v[0] = hn::MulAdd(a, hn::Sub(d[4], d[2]), hn::Sub(d[0], d[6]));
    v[1] = hn::Add(even1, odd1);
    v[2] = hn::Sub(even1, odd1);
    v[3] = hn::Add(even2, odd2);
    v[4] = hn::Sub(even2, odd2);
    v[5] = hn::Add(even3, odd3);
    v[6] = hn::Sub(even3, odd3);
    v[7] = hn::MulAdd(a, hn::Sub(d[3], d[5]), hn::Sub(d[7], d[1]));
}

/// y = A^T m.
HWY_INLINE void target_transform(const FloatVec (&m)[4], FloatVec (&y)[2]) {
    y[0] = hn::Add(m[0], hn::Add(m[1], m[2]));
    y[1] = hn::Add(hn::Sub(m[1], m[2]), m[3]);
}

HWY_INLINE void target_transform(const FloatVec (&m)[6], FloatVec (&y)[2]) {
    const auto sum = hn::Add(hn::Add(m[1], m[2]), hn::Add(m[3], m[4]));
    y[0] = hn::Add(m[0], sum);
    y[1] = hn::MulAdd(constant(2.0f), hn::Sub(m[3], m[4]), hn::Add(hn::Sub(m[1], m[2]), m[5]));
}

HWY_INLINE void target_transform(const FloatVec (&m)[6], FloatVec (&y)[4]) {
    const auto sum1 = hn::Add(m[1], m[2]), difference1 = hn::Sub(m[1], m[2]);
    const auto sum2 = hn::Add(m[3], m[4]), difference2 = hn::Sub(m[3], m[4]);
    y[0] = hn::Add(m[0], hn::Add(sum1, sum2));
    y[1] = hn::MulAdd(constant(2.0f), difference2, difference1);
    y[2] = hn::MulAdd(constant(4.0f), sum2, sum1);
    y[3] = hn::MulAdd(constant(8.0f), difference2, hn::Add(difference1, m[5]));
}

HWY_INLINE void target_transform(const FloatVec (&m)[8], FloatVec (&y)[4]) {
    const auto sum1 = hn::Add(m[1], m[2]), difference1 = hn::Sub(m[1], m[2]);
    const auto sum2 = hn::Add(m[3], m[4]), difference2 = hn::Sub(m[3], m[4]);
    const auto sum3 = hn::Add(m[5], m[6]), difference3 = hn::Sub(m[5], m[6]);
    y[0] = hn::Add(hn::Add(m[0], sum1), hn::Add(sum2, sum3));
    y[1] = hn::MulAdd(constant(2.0f), difference2,
                      hn::MulAdd(constant(0.5f), difference3, difference1));
    y[2] = hn::MulAdd(constant(4.0f), sum2, hn::MulAdd(constant(0.25f), sum3, sum1));
    y[3] = hn::MulAdd(constant(8.0f), difference2,
                      hn::MulAdd(constant(0.125f), difference3, hn::Add(difference1, m[7])));
}

/// m = A dy.
HWY_INLINE void target_gradient_transform(const FloatVec (&y)[2], FloatVec (&m)[4]) {
    m[0] = y[0];
    m[1] = hn::Add(y[0], y[1]);
    m[2] = hn::Sub(y[0], y[1]);
    m[3] = y[1];
}

HWY_INLINE void target_gradient_transform(const FloatVec (&y)[2], FloatVec (&m)[6]) {
    const auto two = constant(2.0f);
    m[0] = y[0];
    m[1] = hn::Add(y[0], y[1]);
    m[2] = hn::Sub(y[0], y[1]);
    m[3] = hn::MulAdd(two, y[1], y[0]);
    m[4] = hn::NegMulAdd(two, y[1], y[0]);
    m[5] = y[1];
}

HWY_INLINE void target_gradient_transform(const FloatVec (&y)[4], FloatVec (&m)[6]) {
    const auto two = constant(2.0f), four = constant(4.0f);
    const auto even1 = hn::Add(y[0], y[2]), odd1 = hn::Add(y[1], y[3]);
    const auto even2 = hn::MulAdd(four, y[2], y[0]);
    const auto odd2 = hn::Mul(two, hn::MulAdd(four, y[3], y[1]));
    m[0] = y[0];
    m[1] = hn::Add(even1, odd1);
    m[2] = hn::Sub(even1, odd1);
    m[3] = hn::Add(even2, odd2);
    m[4] = hn::Sub(even2, odd2);
    m[5] = y[3];
}

HWY_INLINE void target_gradient_transform(const FloatVec (&y)[4], FloatVec (&m)[8]) {
    const auto half = constant(0.5f), quarter = constant(0.25f);
    const auto two = constant(2.0f), four = constant(4.0f);
    const auto even1 = hn::Add(y[0], y[2]), odd1 = hn::Add(y[1], y[3]);
    const auto even2 = hn::MulAdd(four, y[2], y[0]);
    const auto odd2 = hn::Mul(two, hn::MulAdd(four, y[3], y[1]));
    const auto even3 = hn::MulAdd(quarter, y[2], y[0]);
    const auto odd3 = hn::Mul(half, hn::MulAdd(quarter, y[3], y[1]));
    m[0] = y[0];
    m[1] = hn::Add(even1, odd1);
    m[2] = hn::Sub(even1, odd1);
    m[3] = hn::Add(even2, odd2);
    m[4] = hn::Sub(even2, odd2);
    m[5] = hn::Add(even3, odd3);
    m[6] = hn::Sub(even3, odd3);
    m[7] = y[3];
}

/// Powers of 1 and 2 in G's rows, by kernel size: even and odd parts of g at a point.
template <int R>
struct Parts {
    FloatVec even1, odd1, even2, odd2;
};

HWY_INLINE Parts<3> parts_of(const FloatVec (&g)[3]) {
    return {hn::Add(g[0], g[2]), g[1], hn::MulAdd(constant(4.0f), g[2], g[0]),
            hn::Mul(constant(2.0f), g[1])};
}

HWY_INLINE Parts<5> parts_of(const FloatVec (&g)[5]) {
    const auto four = constant(4.0f);
    return {hn::Add(g[0], hn::Add(g[2], g[4])), hn::Add(g[1], g[3]),
            hn::MulAdd(four, hn::MulAdd(four, g[4], g[2]), g[0]),
            hn::Mul(constant(2.0f), hn::MulAdd(four, g[3], g[1]))};
}

/// u = G g.
template <int R>
HWY_INLINE void filter_transform(const FloatVec (&g)[R], FloatVec (&u)[6]) {
    const auto p = parts_of(g);
    const auto sixth = constant(-1.0f / 6), twenty_fourth = constant(1.0f / 24);
    u[0] = hn::Mul(constant(0.25f), g[0]);
    u[1] = hn::Mul(sixth, hn::Add(p.even1, p.odd1));
    u[2] = hn::Mul(sixth, hn::Sub(p.even1, p.odd1));
    u[3] = hn::Mul(twenty_fourth, hn::Add(p.even2, p.odd2));
    u[4] = hn::Mul(twenty_fourth, hn::Sub(p.even2, p.odd2));
    u[5] = g[R - 1];
}

HWY_INLINE void filter_transform(const FloatVec (&g)[5], FloatVec (&u)[8]) {
    const auto p = parts_of(g);
    const auto quarter = constant(0.25f);
    const auto even3 = hn::MulAdd(quarter, hn::MulAdd(quarter, g[4], g[2]), g[0]);
    const auto odd3 = hn::Mul(constant(0.5f), hn::MulAdd(quarter, g[3], g[1]));
    const auto f1 = constant(-2.0f / 9), f2 = constant(1.0f / 90), f3 = constant(32.0f / 45);
    u[0] = g[0];
    u[1] = hn::Mul(f1, hn::Add(p.even1, p.odd1));
    u[2] = hn::Mul(f1, hn::Sub(p.even1, p.odd1));
    u[3] = hn::Mul(f2, hn::Add(p.even2, p.odd2));
    u[4] = hn::Mul(f2, hn::Sub(p.even2, p.odd2));
    u[5] = hn::Mul(f3, hn::Add(even3, odd3));
    u[6] = hn::Mul(f3, hn::Sub(even3, odd3));
    u[7] = g[4];
}

HWY_INLINE void filter_transform(const FloatVec (&g)[3], FloatVec (&u)[4]) {
    const auto half = constant(0.5f);
    const auto even = hn::Add(g[0], g[2]);
    u[0] = g[0];
    u[1] = hn::Mul(half, hn::Add(even, g[1]));
    u[2] = hn::Mul(half, hn::Sub(even, g[1]));
    u[3] = g[2];
}

/// g = G^T u.
HWY_INLINE void filter_gradient_transform(const FloatVec (&u)[4], FloatVec (&g)[3]) {
    const auto half = constant(0.5f);
    const auto even = hn::Mul(half, hn::Add(u[1], u[2]));
    g[0] = hn::Add(u[0], even);
    g[1] = hn::Mul(half, hn::Sub(u[1], u[2]));
    g[2] = hn::Add(even, u[3]);
}

template <int R>
HWY_INLINE void filter_gradient_transform(const FloatVec (&u)[6], FloatVec (&g)[R]) {
    const auto sixth = constant(-1.0f / 6), twenty_fourth = constant(1.0f / 24);
    const auto even1 = hn::Mul(sixth, hn::Add(u[1], u[2]));
    const auto odd1 = hn::Mul(sixth, hn::Sub(u[1], u[2]));
    const auto even2 = hn::Mul(twenty_fourth, hn::Add(u[3], u[4]));
    const auto odd2 = hn::Mul(twenty_fourth, hn::Sub(u[3], u[4]));
    float power = 1.0f;
    for (int i = 0; i < R; ++i, power *= 2.0f)
        g[i] = hn::MulAdd(constant(power), i % 2 == 0 ? even2 : odd2, i % 2 == 0 ? even1 : odd1);
    g[0] = hn::MulAdd(constant(0.25f), u[0], g[0]);
    g[R - 1] = hn::Add(g[R - 1], u[5]);
}

HWY_INLINE void filter_gradient_transform(const FloatVec (&u)[8], FloatVec (&g)[5]) {
    const auto f1 = constant(-2.0f / 9), f2 = constant(1.0f / 90), f3 = constant(32.0f / 45);
    const auto even1 = hn::Mul(f1, hn::Add(u[1], u[2])), odd1 = hn::Mul(f1, hn::Sub(u[1], u[2]));
    const auto even2 = hn::Mul(f2, hn::Add(u[3], u[4])), odd2 = hn::Mul(f2, hn::Sub(u[3], u[4]));
    const auto even3 = hn::Mul(f3, hn::Add(u[5], u[6])), odd3 = hn::Mul(f3, hn::Sub(u[5], u[6]));
    float power = 1.0f;
    for (int i = 0; i < 5; ++i, power *= 2.0f)
        g[i] = hn::MulAdd(
            constant(power), i % 2 == 0 ? even2 : odd2,
            hn::MulAdd(constant(1 / power), i % 2 == 0 ? even3 : odd3, i % 2 == 0 ? even1 : odd1));
    g[0] = hn::Add(u[0], g[0]);
    g[4] = hn::Add(u[7], g[4]);
}

} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
