#include "compute/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "compute/winograd_filter.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "compute/winograd.hpp"
#include "compute/winograd_tiles-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {

/// Transforms the gradient's tile at (row, across): A dy A^T, into [point][panel][tile][columns].
template <int M, int Alpha>
inline void transform_target(const WinogradFilterPlan& plan, const float* dy, std::int64_t n,
                             std::int64_t row, std::int64_t across, std::int64_t tile, float* to) {
    const Float d;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const WinogradTiles& t = plan.tiles;
    const std::int64_t matrix = plan.target_matrix(), channels = plan.shape.out_channels;
    const std::int64_t rows = std::min<std::int64_t>(M, t.target[0] - row * M);
    const std::int64_t cols = std::min<std::int64_t>(M, t.target[1] - across * M);
    const float* from = dy + ((n * t.target[0] + row * M) * t.target[1] + across * M) * channels;
    for (std::size_t p = 0; p < plan.panels.size(); ++p) {
        const Panel& panel = plan.panels[p];
        const std::int64_t width = panel.vectors * lanes;
        float* panel_to = to + plan.panel_offsets[p] * t.block + tile * width;
        for (std::int64_t v = 0; v < panel.vectors; ++v) {
            const std::int64_t k = panel.first + v * lanes;
            const std::int64_t count = std::min(lanes, channels - k);
            const auto mask = hn::FirstN(d, static_cast<std::size_t>(count));
            FloatVec half[M][Alpha];
#pragma GCC unroll 8
            for (std::int64_t i = 0; i < M; ++i) {
                FloatVec y[M];
#pragma GCC unroll 8
                for (std::int64_t j = 0; j < M; ++j) {
                    const float* at = from + (i * t.target[1] + j) * channels + k;
                    if (i >= rows || j >= cols)
                        y[j] = hn::Zero(d);
                    else if (count == lanes)
                        y[j] = hn::LoadU(d, at);
                    else
                        y[j] = masked_load(mask, d, at);
                }
                target_gradient_transform(y, half[i]);
            }
#pragma GCC unroll 8
            for (int j = 0; j < Alpha; ++j) {
                FloatVec y[M], m[Alpha];
#pragma GCC unroll 8
                for (int i = 0; i < M; ++i)
                    y[i] = half[i][j];
                target_gradient_transform(y, m);
#pragma GCC unroll 8
                for (int i = 0; i < Alpha; ++i)
                    hn::Store(m[i], d, panel_to + (i * Alpha + j) * matrix + v * lanes);
            }
        }
    }
}

template <int NV>
inline void multiply_panel(const WinogradFilterPlan& plan, const float* v, const float* m,
                           const Panel& panel, std::int64_t tiles, bool accumulate,
                           float* partial) {
    constexpr int rows = tile_rows(NV);
    const std::int64_t channels = plan.shape.in_channels;
    const std::int64_t offset = 0;
    for (std::int64_t c = 0; c < channels; c += rows) {
        const std::int64_t valid = std::min<std::int64_t>(rows, channels - c);
        float* out_rows[rows];
        for (std::int64_t i = 0; i < rows; ++i)
            out_rows[i] = partial + (c + std::min(i, valid - 1)) * plan.shape.out_channels;
        const TileOut out{out_rows, panel.first, panel.columns, accumulate, nullptr, nullptr};
        tile_lines<rows, NV>(v + c, &offset, 1, tiles, plan.tiles.source_stride, m, valid, out);
    }
}

template <int M, int R>
inline void add_tiles(const WinogradFilterPlan& plan, const float* x, const float* dy,
                      std::int64_t block, bool accumulate, float* scratch, float* partial) {
    constexpr int alpha = M + R - 1;
    const WinogradTiles& t = plan.tiles;
    const std::int64_t begin = block * t.block, end = std::min(begin + t.block, t.total);
    float* lines = scratch;
    float* v = lines + (alpha + 1) * t.line_floats();
    // Tiles of rows read a little beyond the last matrix of v, into m: whatever they find there
    // goes into rows that are not stored.
    float* m = v + alpha * alpha * t.source_matrix();
    std::fill(lines + alpha * t.line_floats(), v, 0.0f);
    transform_source<alpha>(t, x, begin, end, lines, v);
    for_each_segment(t, begin, end, [&](const Segment& segment, std::int64_t at) {
        for (std::int64_t i = 0; i < segment.count; ++i)
            transform_target<M, alpha>(plan, dy, segment.n, segment.row, segment.first + i, at + i,
                                       m);
    });
    const std::int64_t size = plan.shape.in_channels * plan.shape.out_channels;
    for (int point = 0; point < alpha * alpha; ++point)
        for (std::size_t p = 0; p < plan.panels.size(); ++p) {
            const Panel& panel = plan.panels[p];
            const float* from = m + point * plan.target_matrix() + plan.panel_offsets[p] * t.block;
            const float* a = v + point * t.source_matrix();
            float* to = partial + point * size;
            if (panel.vectors == 3)
                multiply_panel<3>(plan, a, from, panel, end - begin, accumulate, to);
            else if (panel.vectors == 2)
                multiply_panel<2>(plan, a, from, panel, end - begin, accumulate, to);
            else
                multiply_panel<1>(plan, a, from, panel, end - begin, accumulate, to);
        }
}

/// Adds the partial sums in order and transforms them back, for elements [begin, end) of [C, K].
template <int M, int R>
inline void finish_filter(const WinogradFilterPlan& plan, const float* partials, std::int64_t begin,
                          std::int64_t end, float* gradient) {
    constexpr int alpha = M + R - 1;
    const Float d;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const std::int64_t size = plan.shape.in_channels * plan.shape.out_channels;
    for (std::int64_t x = begin; x < end; x += lanes) {
        const auto mask = hn::FirstN(d, static_cast<std::size_t>(std::min(lanes, end - x)));
        FloatVec half[alpha][R];
        for (int i = 0; i < alpha; ++i) {
            FloatVec u[alpha];
            for (int j = 0; j < alpha; ++j) {
                const float* from = partials + (i * alpha + j) * size + x;
                u[j] = masked_load(mask, d, from);
                for (std::int64_t chunk = 1; chunk < plan.chunks; ++chunk)
                    u[j] =
                        hn::Add(u[j], masked_load(mask, d, from + chunk * plan.partial_floats()));
            }
            filter_gradient_transform(u, half[i]);
        }
        for (int j = 0; j < R; ++j) {
            FloatVec u[alpha], g[R];
            for (int i = 0; i < alpha; ++i)
                u[i] = half[i][j];
            filter_gradient_transform(u, g);
            for (int i = 0; i < R; ++i)
                hn::BlendedStore(g[i], mask, d, gradient + (i * R + j) * size + x);
        }
    }
}

template <int M, int R>
inline void run_kind(const WinogradFilterPlan& plan, const float* x, const float* dy,
                     float* gradient, char* workspace, const Parallel& parallel) {
    float* partials = reinterpret_cast<float*>(workspace);
    char* scratch = workspace + plan.partial_bytes();
    const std::int64_t blocks = plan.tiles.blocks();
    parallel.run(plan.chunks, [&](std::int64_t chunk, std::int64_t worker) {
        float* mine = reinterpret_cast<float*>(scratch + worker * plan.scratch_bytes());
        const std::int64_t first = blocks * chunk / plan.chunks;
        const std::int64_t last = blocks * (chunk + 1) / plan.chunks;
        for (std::int64_t block = first; block < last; ++block)
            add_tiles<M, R>(plan, x, dy, block, block > first, mine,
                            partials + chunk * plan.partial_floats());
    });
    parallel.range(plan.shape.in_channels * plan.shape.out_channels, 64,
                   [&](std::int64_t begin, std::int64_t end) {
                       finish_filter<M, R>(plan, partials, begin, end, gradient);
                   });
}

void run_winograd_filter(const WinogradFilterPlan& plan, const float* x, const float* dy,
                         float* gradient, void* workspace, const Parallel& parallel) {
    auto* bytes = static_cast<char*>(workspace);
    const WinogradKind kind = plan.tiles.kind;
    if (kind == winograd_f4x5)
        run_kind<4, 5>(plan, x, dy, gradient, bytes, parallel);
    else if (kind == winograd_f2x5)
        run_kind<2, 5>(plan, x, dy, gradient, bytes, parallel);
    else if (kind == winograd_f4x3)
        run_kind<4, 3>(plan, x, dy, gradient, bytes, parallel);
    else
        run_kind<2, 3>(plan, x, dy, gradient, bytes, parallel);
}

} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lamina::cpu {

HWY_EXPORT(run_winograd_filter);

void WinogradFilterPlan::run(const float* x, const float* dy, float* filter_gradient,
                             void* workspace, const Parallel& parallel) const {
    HWY_DYNAMIC_DISPATCH(run_winograd_filter)
    (*this, x, dy, filter_gradient, workspace, parallel);
}

} // namespace lamina::cpu
#endif
