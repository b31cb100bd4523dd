#include "compute/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "compute/winograd.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "compute/scratch.hpp"
#include "compute/winograd.hpp"
#include "compute/winograd_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {

/// Rows of the packed filter that a tile multiplies before it lets go of its accumulators.
constexpr std::int64_t part_length = 200;

struct WinogradCall {
    const WinogradPlan& plan;
    const float* source;
    const float* filter;
    float* target;
    const Epilogue& epilogue;
    float* packed; ///< [panel][point][reduce][columns of the panel]
};

/// Transforms one reduced channel's filters: u = G g G^T, vectors along the columns.
template <int M, int R>
inline void pack_filter(const WinogradCall& call, std::int64_t c) {
    constexpr int alpha = M + R - 1;
    const Float d;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const WinogradPlan& plan = call.plan;
    const ConvShape& s = plan.shape;
    const std::int64_t tap = s.in_channels * s.out_channels;
    HWY_ALIGN float taps[R * R * 16];
    for (std::size_t p = 0; p < plan.panels.size(); ++p) {
        const Panel& panel = plan.panels[p];
        const std::int64_t width = panel.vectors * lanes;
        float* to = call.packed + plan.panel_offsets[p] * plan.reduce * alpha * alpha + c * width;
        for (std::int64_t v = 0; v < panel.vectors; ++v) {
            const std::int64_t first = panel.first + v * lanes;
            const std::int64_t count = std::min(lanes, plan.columns - first);
            std::fill(taps, taps + R * R * lanes, 0.0f);
            for (int i = 0; i < R * R; ++i) {
                float* row = taps + i * lanes;
                if (plan.transposed) {
                    const float* from =
                        call.filter + (R * R - 1 - i) * tap + first * s.out_channels + c;
                    for (std::int64_t k = 0; k < count; ++k)
                        row[k] = from[k * s.out_channels];
                } else {
                    const float* from = call.filter + i * tap + c * s.out_channels + first;
                    std::memcpy(row, from, static_cast<std::size_t>(count) * sizeof(float));
                }
            }
            FloatVec half[R][alpha];
            for (int i = 0; i < R; ++i) {
                FloatVec g[R];
                for (int j = 0; j < R; ++j)
                    g[j] = hn::Load(d, taps + (i * R + j) * lanes);
                filter_transform(g, half[i]);
            }
            for (int j = 0; j < alpha; ++j) {
                FloatVec g[R], u[alpha];
                for (int i = 0; i < R; ++i)
                    g[i] = half[i][j];
                filter_transform(g, u);
                for (int i = 0; i < alpha; ++i)
                    hn::Store(u[i], d, to + (i * alpha + j) * plan.reduce * width + v * lanes);
            }
        }
    }
}

/// Transforms the products of one tile back, adds the bias and stores what lies inside the target.
template <int M, int Alpha>
inline void store_target(const WinogradCall& call, const float* products, std::int64_t n,
                         std::int64_t row, std::int64_t across, std::int64_t first_column,
                         std::int64_t columns) {
    const Float d;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const WinogradPlan& plan = call.plan;
    const WinogradTiles& t = plan.tiles;
    const std::int64_t matrix = plan.product_matrix();
    const std::int64_t rows = std::min<std::int64_t>(M, t.target[0] - row * M);
    const std::int64_t cols = std::min<std::int64_t>(M, t.target[1] - across * M);
    float* target = call.target +
                    ((n * t.target[0] + row * M) * t.target[1] + across * M) * plan.columns +
                    first_column;
    for (std::int64_t k = 0; k < columns; k += lanes) {
        const std::int64_t count = std::min(lanes, columns - k);
        const auto mask = hn::FirstN(d, static_cast<std::size_t>(count));
        FloatVec half[Alpha][M], y[M][M];
#pragma GCC unroll 8
        for (int i = 0; i < Alpha; ++i) {
            FloatVec m[Alpha];
#pragma GCC unroll 8
            for (int j = 0; j < Alpha; ++j)
                m[j] = hn::LoadU(d, products + (i * Alpha + j) * matrix + k);
            target_transform(m, half[i]);
        }
        auto bias = hn::Zero(d);
        if (call.epilogue.bias != nullptr)
            bias = masked_load(mask, d, call.epilogue.bias + first_column + k);
#pragma GCC unroll 8
        for (int j = 0; j < M; ++j) {
            FloatVec m[Alpha];
#pragma GCC unroll 8
            for (int i = 0; i < Alpha; ++i)
                m[i] = half[i][j];
            target_transform(m, y[j]);
        }
#pragma GCC unroll 8
        for (int j = 0; j < M; ++j)
#pragma GCC unroll 8
            for (int i = 0; i < M; ++i) {
                if (i >= rows || j >= cols)
                    continue;
                const auto value = apply_clamp(call.epilogue, hn::Add(y[j][i], bias));
                float* to = target + (i * t.target[1] + j) * plan.columns + k;
                if (count == lanes)
                    hn::StoreU(value, d, to);
                else
                    hn::BlendedStore(value, mask, d, to);
            }
    }
}

/// products[tile][column] (+)= v[tile][reduce] * u[reduce][column] for one panel, NV vectors wide.
/// The reductions are so short that a call for each tile would cost a fifth of the time. Rows up
/// to the next multiple of a tile's height exist on both sides.
template <int NV>
HWY_NOINLINE void multiply_short(const float* HWY_RESTRICT v, std::int64_t v_stride,
                                 std::int64_t length, const float* HWY_RESTRICT u,
                                 float* HWY_RESTRICT products, std::int64_t product_stride,
                                 std::int64_t tiles, bool accumulate) {
    constexpr int height = tile_rows(NV);
    const Float d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    for (std::int64_t first = 0; first < tiles; first += height) {
        FloatVec acc[height][NV];
#pragma GCC unroll 16
        for (int m = 0; m < height; ++m)
#pragma GCC unroll 4
            for (int n = 0; n < NV; ++n)
                acc[m][n] = hn::Zero(d);
        const float* b = u;
        const float* a[height];
#pragma GCC unroll 16
        for (int m = 0; m < height; ++m)
            a[m] = v + (first + m) * v_stride;
#pragma GCC unroll 4
        for (std::int64_t j = 0; j < length; ++j, b += NV * lanes) {
            FloatVec column[NV];
#pragma GCC unroll 4
            for (int n = 0; n < NV; ++n)
                column[n] = hn::Load(d, b + n * lanes);
#pragma GCC unroll 16
            for (int m = 0; m < height; ++m) {
                const auto x = hn::Set(d, a[m][j]);
#pragma GCC unroll 4
                for (int n = 0; n < NV; ++n)
                    acc[m][n] = hn::MulAdd(x, column[n], acc[m][n]);
            }
        }
        float* to = products + first * product_stride;
        if (accumulate) {
#pragma GCC unroll 16
            for (int m = 0; m < height; ++m)
#pragma GCC unroll 4
                for (int n = 0; n < NV; ++n)
                    acc[m][n] =
                        hn::Add(acc[m][n], hn::LoadU(d, to + m * product_stride + n * lanes));
        }
#pragma GCC unroll 16
        for (int m = 0; m < height; ++m)
#pragma GCC unroll 4
            for (int n = 0; n < NV; ++n)
                hn::StoreU(acc[m][n], d, to + m * product_stride + n * lanes);
    }
}

/// One point's product for one panel.
inline void multiply_point(const WinogradPlan& plan, const Panel& panel, const float* v,
                           const float* u, float* products, std::int64_t tiles) {
    const std::int64_t width = panel.vectors * static_cast<std::int64_t>(hn::Lanes(Float()));
    const std::int64_t stride = plan.tiles.source_stride, to = plan.group_columns;
    for (std::int64_t begin = 0; begin < plan.reduce; begin += part_length) {
        const std::int64_t length = std::min(part_length, plan.reduce - begin);
        const float* b = u + begin * width;
        if (panel.vectors == 3)
            multiply_short<3>(v + begin, stride, length, b, products, to, tiles, begin > 0);
        else if (panel.vectors == 2)
            multiply_short<2>(v + begin, stride, length, b, products, to, tiles, begin > 0);
        else
            multiply_short<1>(v + begin, stride, length, b, products, to, tiles, begin > 0);
    }
}

/// The rows that multiply_short reads beyond the last tile. Their products are used nowhere, but
/// what another operator left there may be subnormal numbers, which a processor multiplies 50 times
/// slower.
inline void clear_spare_rows(const WinogradTiles& t, std::int64_t tiles, float* v) {
    const std::int64_t spare = (WinogradTiles::whole(tiles) - tiles) * t.source_stride;
    for (std::int64_t point = 0; point < t.kind.points(); ++point)
        std::fill_n(v + point * t.source_matrix() + tiles * t.source_stride, spare, 0.0f);
}

template <int M, int R>
inline void run_tiles(const WinogradCall& call, std::int64_t block, std::int64_t column_group,
                      char* scratch) {
    constexpr int alpha = M + R - 1;
    const WinogradPlan& plan = call.plan;
    const WinogradTiles& t = plan.tiles;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(Float()));
    const std::int64_t begin = block * t.block, end = std::min(begin + t.block, t.total);
    const std::int64_t tiles = end - begin;
    float* lines = reinterpret_cast<float*>(scratch);
    float* v = lines + (alpha + 1) * t.line_floats();
    float* products = v + alpha * alpha * t.source_matrix();
    std::fill(lines + alpha * t.line_floats(), v, 0.0f);
    transform_source<alpha>(t, call.source, begin, end, lines, v);
    clear_spare_rows(t, tiles, v);
    const std::int64_t end_panel = plan.first_panel(column_group + 1);
    for (std::int64_t first = plan.first_panel(column_group); first < end_panel;
         first += plan.panels_at_once) {
        const std::int64_t last = std::min(first + plan.panels_at_once, end_panel);
        const std::int64_t base = plan.panel_offsets[static_cast<std::size_t>(first)];
        std::int64_t columns = 0;
        for (int point = 0; point < alpha * alpha; ++point)
            for (std::int64_t p = first; p < last; ++p) {
                const Panel& panel = plan.panels[static_cast<std::size_t>(p)];
                const std::int64_t offset = plan.panel_offsets[static_cast<std::size_t>(p)];
                const float* u = call.packed + offset * plan.reduce * alpha * alpha +
                                 point * plan.reduce * panel.vectors * lanes;
                multiply_point(plan, panel, v + point * t.source_matrix(), u,
                               products + point * plan.product_matrix() + offset - base, tiles);
                columns = panel.first + panel.columns;
            }
        const std::int64_t first_column = plan.panels[static_cast<std::size_t>(first)].first;
        for_each_segment(t, begin, end, [&](const Segment& segment, std::int64_t at) {
            for (std::int64_t i = 0; i < segment.count; ++i)
                store_target<M, alpha>(call, products + (at + i) * plan.group_columns, segment.n,
                                       segment.row, segment.first + i, first_column,
                                       columns - first_column);
        });
    }
}

template <int M, int R>
inline void run_kind(const WinogradCall& call, bool pack, char* scratch, const Parallel& parallel) {
    const WinogradPlan& plan = call.plan;
    if (pack)
        parallel.run(plan.reduce,
                     [&](std::int64_t c, std::int64_t) { pack_filter<M, R>(call, c); });
    const std::int64_t stride = plan.scratch_bytes();
    const std::int64_t blocks = plan.tiles.blocks();
    // Blocks of the same columns follow one another, so that their filters stay in a cache.
    parallel.run(blocks * plan.column_groups, [&](std::int64_t task, std::int64_t worker) {
        run_tiles<M, R>(call, task % blocks, task / blocks, scratch + worker * stride);
    });
}

void run_winograd(const WinogradPlan& plan, const float* source, const float* filter, float* target,
                  const Epilogue& epilogue, void* packed, bool pack, void* scratch,
                  const Parallel& parallel) {
    const WinogradCall call{plan, source, filter, target, epilogue, static_cast<float*>(packed)};
    auto* bytes = static_cast<char*>(scratch);
    const WinogradKind kind = plan.tiles.kind;
    if (kind == winograd_f4x5)
        run_kind<4, 5>(call, pack, bytes, parallel);
    else if (kind == winograd_f2x5)
        run_kind<2, 5>(call, pack, bytes, parallel);
    else if (kind == winograd_f4x3)
        run_kind<4, 3>(call, pack, bytes, parallel);
    else
        run_kind<2, 3>(call, pack, bytes, parallel);
}

} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lamina::cpu {

HWY_EXPORT(run_winograd);

void WinogradPlan::run(const float* source, const float* filter, float* target,
                       const Epilogue& epilogue, void* packed, bool pack, void* scratch,
                       const Parallel& parallel) const {
    HWY_DYNAMIC_DISPATCH(run_winograd)
    (*this, source, filter, target, epilogue, packed, pack, scratch, parallel);
}

} // namespace lamina::cpu
#endif
