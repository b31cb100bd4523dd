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
        FloatVec half[Alpha][M];
        for (int i = 0; i < Alpha; ++i) {
            FloatVec m[Alpha];
            for (int j = 0; j < Alpha; ++j)
                m[j] = hn::LoadU(d, products + (i * Alpha + j) * matrix + k);
            target_transform(m, half[i]);
        }
        auto bias = hn::Zero(d);
        if (call.epilogue.bias != nullptr)
            bias = hn::MaskedLoad(mask, d, call.epilogue.bias + first_column + k);
        for (std::int64_t j = 0; j < cols; ++j) {
            FloatVec m[Alpha], y[M];
            for (int i = 0; i < Alpha; ++i)
                m[i] = half[i][j];
            target_transform(m, y);
            for (std::int64_t i = 0; i < rows; ++i) {
                const auto value = apply_clamp(call.epilogue, hn::Add(y[i], bias));
                float* to = target + (i * t.target[1] + j) * plan.columns + k;
                if (count == lanes)
                    hn::StoreU(value, d, to);
                else
                    hn::BlendedStore(value, mask, d, to);
            }
        }
    }
}

/// One point's product for one panel: products[tile][panel] = v[tile][reduce] * u[reduce][panel].
inline void multiply_point(const WinogradPlan& plan, std::int64_t point, const Panel& panel,
                           const float* const* v_rows, const float* u, float* const* product_rows,
                           std::int64_t column, std::int64_t tiles) {
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(Float()));
    const std::int64_t width = panel.vectors * lanes;
    for (std::int64_t begin = 0; begin < plan.reduce; begin += part_length) {
        const std::int64_t length = std::min(part_length, plan.reduce - begin);
        const std::int64_t offset = point * plan.tiles.source_matrix() + begin;
        const std::int64_t rows = tile_rows(static_cast<int>(panel.vectors));
        for (std::int64_t first = 0; first < tiles; first += rows) {
            const TileOut out{product_rows + first,
                              point * plan.product_matrix() + column,
                              width,
                              begin > 0,
                              nullptr,
                              nullptr};
            if (panel.vectors == 3)
                tile_runs<tile_rows(3), 3>(v_rows + first, &offset, 1, length, u + begin * width,
                                           out);
            else if (panel.vectors == 2)
                tile_runs<tile_rows(2), 2>(v_rows + first, &offset, 1, length, u + begin * width,
                                           out);
            else
                tile_runs<tile_rows(1), 1>(v_rows + first, &offset, 1, length, u + begin * width,
                                           out);
        }
    }
}

template <int M, int R>
inline void run_tiles(const WinogradCall& call, std::int64_t block, char* scratch) {
    constexpr int alpha = M + R - 1;
    const WinogradPlan& plan = call.plan;
    const WinogradTiles& t = plan.tiles;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(Float()));
    const std::int64_t begin = block * t.block, end = std::min(begin + t.block, t.total);
    const std::int64_t tiles = end - begin;
    float* lines = reinterpret_cast<float*>(scratch);
    float* v = lines + (alpha + 1) * t.line_floats();
    float* products = v + alpha * alpha * t.source_matrix();
    const std::int64_t floats =
        (alpha + 1) * t.line_floats() + alpha * alpha * (t.source_matrix() + plan.product_matrix());
    char* pointers =
        scratch + round_up(floats * static_cast<std::int64_t>(sizeof(float)), workspace_alignment);
    auto** v_rows = reinterpret_cast<const float**>(pointers);
    auto** product_rows = reinterpret_cast<float**>(
        pointers + static_cast<std::size_t>(t.block + 32) * sizeof(void*));

    std::fill(lines + alpha * t.line_floats(), v, 0.0f);
    transform_source<alpha>(t, call.source, begin, end, lines, v);
    for (std::int64_t tile = 0; tile < tiles + max_tile_rows; ++tile) {
        const std::int64_t at = std::min(tile, tiles - 1);
        v_rows[tile] = v + at * t.source_stride;
        product_rows[tile] = products + at * plan.group_columns;
    }
    const auto panels = static_cast<std::int64_t>(plan.panels.size());
    for (std::int64_t first = 0; first < panels; first += plan.panels_at_once) {
        const std::int64_t last = std::min(first + plan.panels_at_once, panels);
        const std::int64_t base = plan.panel_offsets[static_cast<std::size_t>(first)];
        std::int64_t columns = 0;
        for (int point = 0; point < alpha * alpha; ++point)
            for (std::int64_t p = first; p < last; ++p) {
                const Panel& panel = plan.panels[static_cast<std::size_t>(p)];
                const std::int64_t offset = plan.panel_offsets[static_cast<std::size_t>(p)];
                const float* u = call.packed + offset * plan.reduce * alpha * alpha +
                                 point * plan.reduce * panel.vectors * lanes;
                multiply_point(plan, point, panel, v_rows, u, product_rows, offset - base, tiles);
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
inline void run_kind(const WinogradCall& call, char* workspace, const Parallel& parallel) {
    const WinogradPlan& plan = call.plan;
    parallel.run(plan.reduce, [&](std::int64_t c, std::int64_t) { pack_filter<M, R>(call, c); });
    char* scratch = workspace + plan.filter_bytes();
    const std::int64_t stride = plan.scratch_bytes();
    parallel.run(plan.tiles.blocks(), [&](std::int64_t block, std::int64_t worker) {
        run_tiles<M, R>(call, block, scratch + worker * stride);
    });
}

void run_winograd(const WinogradPlan& plan, const float* source, const float* filter, float* target,
                  const Epilogue& epilogue, void* workspace, const Parallel& parallel) {
    const WinogradCall call{plan, source, filter, target, epilogue, static_cast<float*>(workspace)};
    auto* bytes = static_cast<char*>(workspace);
    if (plan.tiles.kind.kernel == 5)
        run_kind<2, 5>(call, bytes, parallel);
    else if (plan.tiles.kind.tile == 4)
        run_kind<4, 3>(call, bytes, parallel);
    else
        run_kind<2, 3>(call, bytes, parallel);
}

} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lamina::cpu {

HWY_EXPORT(run_winograd);

void WinogradPlan::run(const float* source, const float* filter, float* target,
                       const Epilogue& epilogue, void* workspace, const Parallel& parallel) const {
    HWY_DYNAMIC_DISPATCH(run_winograd)
    (*this, source, filter, target, epilogue, workspace, parallel);
}

} // namespace lamina::cpu
#endif
