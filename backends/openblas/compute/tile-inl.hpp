// The inner loops of every matrix product and convolution: a tile of MR rows by NV vectors of
// columns stays in registers while the reduction runs. Included once for each instruction set.

#if defined(LAMINA_CPU_TILE_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LAMINA_CPU_TILE_INL
#undef LAMINA_CPU_TILE_INL
#else
#define LAMINA_CPU_TILE_INL
#endif

#include <hwy/highway.h>

#include <cstdint>

#include "compute/epilogue.hpp"
#include "compute/partial-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;
using Float = hn::ScalableTag<float>;
using FloatVec = hn::Vec<Float>;

/// Rows of a tile that is NV vectors wide. With 16 registers 4x3 and 6x2 leave 12 accumulators,
/// enough to cover the latency of two multiply-adds a cycle; AVX-512 has 32.
constexpr int tile_rows(int vectors) {
#if HWY_TARGET == HWY_AVX3
    return vectors >= 3 ? 8 : vectors == 2 ? 12 : 16;
#else
    return vectors >= 3 ? 4 : vectors == 2 ? 6 : 8;
#endif
}
constexpr int max_tile_rows = tile_rows(1);
constexpr int max_tile_vectors = 3;

/// y = activation(x) on a vector. The expensive activations run over whole rows afterwards.
HWY_INLINE FloatVec apply_clamp(const Epilogue& e, FloatVec x) {
    const Float d;
    const auto zero = hn::Zero(d);
    if (e.activation == Activation::relu)
        return hn::IfThenElse(hn::Lt(x, zero), zero, x);
    if (e.activation == Activation::leaky_relu)
        return hn::IfThenElse(hn::Lt(x, zero), hn::Mul(x, hn::Set(d, e.alpha)), x);
    return x;
}

/// Where a tile's result goes, and what happens to it on the way.
struct TileOut {
    float* const* rows;       ///< a pointer to each row
    std::int64_t first;       ///< the tile's first column in them
    std::int64_t columns;     ///< columns that exist; the last vector may be partly beyond
    bool accumulate;          ///< add to what is there
    const float* bias;        ///< the columns' bias, or null
    const Epilogue* epilogue; ///< its activation is applied, unless null
};

template <int MR, int NV>
HWY_INLINE void load_tile(const TileOut& out, FloatVec (&acc)[MR][NV]) {
    const Float d;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const std::int64_t last = out.columns - (NV - 1) * lanes;
    const auto mask = hn::FirstN(d, static_cast<std::size_t>(last));
#pragma GCC unroll 16
    for (int m = 0; m < MR; ++m)
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) {
            if (!out.accumulate)
                acc[m][v] = hn::Zero(d);
            else if (v + 1 < NV || last >= lanes)
                acc[m][v] = hn::LoadU(d, out.rows[m] + out.first + v * lanes);
            else
                acc[m][v] = masked_load(mask, d, out.rows[m] + out.first + v * lanes);
        }
}

template <int MR, int NV>
HWY_INLINE void store_tile(const TileOut& out, FloatVec (&acc)[MR][NV]) {
    const Float d;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const std::int64_t last = out.columns - (NV - 1) * lanes;
    const auto mask = hn::FirstN(d, static_cast<std::size_t>(last));
    if (out.bias != nullptr) {
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) {
            const auto bias = v + 1 < NV || last >= lanes
                                  ? hn::LoadU(d, out.bias + v * lanes)
                                  : masked_load(mask, d, out.bias + v * lanes);
#pragma GCC unroll 16
            for (int m = 0; m < MR; ++m)
                acc[m][v] = hn::Add(acc[m][v], bias);
        }
    }
    if (out.epilogue != nullptr && out.epilogue->activation != Activation::none) {
#pragma GCC unroll 16
        for (int m = 0; m < MR; ++m)
#pragma GCC unroll 4
            for (int v = 0; v < NV; ++v)
                acc[m][v] = apply_clamp(*out.epilogue, acc[m][v]);
    }
#pragma GCC unroll 16
    for (int m = 0; m < MR; ++m)
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) {
            if (v + 1 < NV || last >= lanes)
                hn::StoreU(acc[m][v], d, out.rows[m] + out.first + v * lanes);
            else
                hn::BlendedStore(acc[m][v], mask, d, out.rows[m] + out.first + v * lanes);
        }
}

/// rows[m] (+)= sum over runs i and 0 <= j < length of a[m][offset[i] + j] * b[i][j][columns].
///
/// The rows' operands are read where they lie, by broadcast: nothing of them is packed.
/// b: packed, NV vectors for each (i, j).
template <int MR, int NV>
HWY_NOINLINE void tile_runs(const float* const* a, const std::int64_t* offsets, std::int64_t runs,
                            std::int64_t length, const float* HWY_RESTRICT b, const TileOut& out) {
    const Float d;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    FloatVec acc[MR][NV];
    load_tile<MR, NV>(out, acc);
    for (std::int64_t i = 0; i < runs; ++i) {
        const float* p[MR];
#pragma GCC unroll 16
        for (int m = 0; m < MR; ++m)
            p[m] = a[m] + offsets[i];
        for (std::int64_t j = 0; j < length; ++j) {
            FloatVec column[NV];
#pragma GCC unroll 4
            for (int v = 0; v < NV; ++v)
                column[v] = hn::Load(d, b + v * lanes);
            b += NV * lanes;
#pragma GCC unroll 16
            for (int m = 0; m < MR; ++m) {
                const auto x = hn::Set(d, p[m][j]);
#pragma GCC unroll 4
                for (int v = 0; v < NV; ++v)
                    acc[m][v] = hn::MulAdd(x, column[v], acc[m][v]);
            }
        }
    }
    store_tile<MR, NV>(out, acc);
}

/// rows[m] (+)= sum over lines i and 0 <= j < length of a[offset[i] + j * step + m] * b[i][j].
///
/// The transposed product: neighbouring rows are neighbours in memory, as in a filter's gradient.
/// Rows beyond `valid` are computed from whatever follows and not stored.
template <int MR, int NV>
HWY_NOINLINE void tile_lines(const float* HWY_RESTRICT a, const std::int64_t* offsets,
                             std::int64_t lines, std::int64_t length, std::int64_t step,
                             const float* HWY_RESTRICT b, std::int64_t valid, const TileOut& out) {
    const Float d;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    FloatVec acc[MR][NV];
#pragma GCC unroll 16
    for (int m = 0; m < MR; ++m)
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v)
            acc[m][v] = hn::Zero(d);
    for (std::int64_t i = 0; i < lines; ++i) {
        const float* p = a + offsets[i];
        for (std::int64_t j = 0; j < length; ++j) {
            FloatVec column[NV];
#pragma GCC unroll 4
            for (int v = 0; v < NV; ++v)
                column[v] = hn::Load(d, b + v * lanes);
            b += NV * lanes;
#pragma GCC unroll 16
            for (int m = 0; m < MR; ++m) {
                const auto x = hn::Set(d, p[m]);
#pragma GCC unroll 4
                for (int v = 0; v < NV; ++v)
                    acc[m][v] = hn::MulAdd(x, column[v], acc[m][v]);
            }
            p += step;
        }
    }
    const std::int64_t last = out.columns - (NV - 1) * lanes;
    const auto mask = hn::FirstN(d, static_cast<std::size_t>(last));
#pragma GCC unroll 16
    for (int m = 0; m < MR; ++m) {
        if (m >= valid)
            break;
#pragma GCC unroll 4
        for (int v = 0; v < NV; ++v) {
            float* to = out.rows[m] + out.first + v * lanes;
            if (v + 1 < NV || last >= lanes)
                hn::StoreU(out.accumulate ? hn::Add(hn::LoadU(d, to), acc[m][v]) : acc[m][v], d,
                           to);
            else
                hn::BlendedStore(out.accumulate ? hn::Add(masked_load(mask, d, to), acc[m][v])
                                                : acc[m][v],
                                 mask, d, to);
        }
    }
}

} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
