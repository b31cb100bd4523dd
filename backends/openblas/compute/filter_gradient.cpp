#include "compute/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "compute/filter_gradient.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>
#include <span>

#include "compute/filter_gradient.hpp"
#include "compute/region.hpp"
#include "compute/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {

constexpr std::int64_t max_block_lines = 128;

/// Packs a block of dy: for each panel, pixels by columns, zero-filled to whole vectors.
inline void pack_columns(const FilterGradientPlan& plan, std::span<const Panel> panels,
                         const float* dy, std::int64_t pixels, float* packed) {
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(Float()));
    for (const Panel& panel : panels) {
        const std::int64_t width = panel.vectors * lanes;
        for (std::int64_t p = 0; p < pixels; ++p, packed += width) {
            std::memcpy(packed, dy + p * plan.shape.out_channels + panel.first,
                        static_cast<std::size_t>(panel.columns) * sizeof(float));
            std::fill(packed + panel.columns, packed + width, 0.0f);
        }
    }
}

template <int MR, int NV>
inline void multiply_rows(const FilterGradientPlan& plan, const float* a,
                          const std::int64_t* offsets, std::int64_t lines, const float* packed,
                          const Panel& panel, bool accumulate, float* to, std::int64_t valid) {
    float* out_rows[MR];
    for (std::int64_t i = 0; i < MR; ++i)
        out_rows[i] = to + std::min(i, valid - 1) * plan.shape.out_channels;
    const TileOut out{out_rows, panel.first, panel.columns, accumulate, nullptr, nullptr};
    tile_lines<MR, NV>(a, offsets, lines, plan.shape.out[2],
                       plan.shape.stride[2] * plan.pixel_stride, packed, valid, out);
}

template <int NV>
inline void multiply_run(const FilterGradientPlan& plan, const float* a,
                         const std::int64_t* offsets, std::int64_t lines, const float* packed,
                         const Panel& panel, bool accumulate, float* to) {
    constexpr int rows = tile_rows(NV);
    for (std::int64_t m = 0; m < plan.run_length; m += rows) {
        const std::int64_t valid = std::min<std::int64_t>(rows, plan.run_length - m);
        float* rows_from_m = to + m * plan.shape.out_channels;
        if (valid <= rows / 2)
            multiply_rows<rows / 2, NV>(plan, a + m, offsets, lines, packed, panel, accumulate,
                                        rows_from_m, valid);
        else
            multiply_rows<rows, NV>(plan, a + m, offsets, lines, packed, panel, accumulate,
                                    rows_from_m, valid);
    }
}

struct FilterGradientCall {
    const FilterGradientPlan& plan;
    const float* x;
    const float* dy;
    float* result; ///< the gradient, or the partial ones one after another
};

/// A task's part of the filter.
struct FilterPart {
    std::int64_t first_run, last_run;
    std::span<const Panel> panels;
};

/// One block of pixels into a part of a partial filter.
inline void add_block(const FilterGradientCall& call, std::int64_t piece, const FilterPart& part,
                      bool accumulate, float* partial, float* region, float* packed) {
    const FilterGradientPlan& plan = call.plan;
    const ConvShape& s = plan.shape;
    const Gather& g = plan.forward.gather;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(Float()));
    const std::int64_t block = piece % plan.blocks;
    const std::int64_t depth = piece / plan.blocks % s.out[0];
    const std::int64_t n = piece / plan.blocks / s.out[0];
    const std::int64_t first_line = block * plan.block_rows;
    const std::int64_t lines = std::min(plan.block_rows, s.out[1] - first_line);
    copy_region(plan.forward, plan.region, plan.pixel_stride,
                call.x + n * s.in_pixels() * s.in_channels, depth, first_line, lines, region);
    const float* dy =
        call.dy + ((n * s.out[0] + depth) * s.out[1] + first_line) * s.out[2] * s.out_channels;
    std::int64_t offsets[max_block_lines];
    for (std::int64_t i = 0; i < lines; ++i)
        offsets[i] = i * s.stride[1] * plan.region[2] * plan.pixel_stride;
    for (std::int64_t group = 0; group < s.groups; ++group) {
        pack_columns(plan, part.panels, dy + group * s.group_out(), lines * s.out[2], packed);
        for (std::int64_t r = part.first_run; r < part.last_run; ++r) {
            const Run& run = plan.runs[static_cast<std::size_t>(r)];
            const auto& th = g.taps[1][static_cast<std::size_t>(run.height)];
            const auto& tw = g.taps[2][static_cast<std::size_t>(run.width)];
            const float* a =
                region +
                ((run.depth * plan.region[1] + th.offset - plan.forward.low[1]) * plan.region[2] +
                 tw.offset - plan.forward.low[2]) *
                    plan.pixel_stride +
                group * s.group_in();
            const std::int64_t tap =
                (run.depth * s.kernel[1] + run.height) * s.kernel[2] + run.width;
            float* to = partial + tap * s.group_in() * s.out_channels + group * s.group_out();
            const float* b = packed;
            for (const Panel& panel : part.panels) {
                if (panel.vectors == 3)
                    multiply_run<3>(plan, a, offsets, lines, b, panel, accumulate, to);
                else if (panel.vectors == 2)
                    multiply_run<2>(plan, a, offsets, lines, b, panel, accumulate, to);
                else
                    multiply_run<1>(plan, a, offsets, lines, b, panel, accumulate, to);
                b += lines * s.out[2] * panel.vectors * lanes;
            }
        }
    }
}

void run_filter_gradient(const FilterGradientPlan& plan, const float* x, const float* dy,
                         float* gradient, void* workspace, const Parallel& parallel) {
    const std::int64_t size = plan.shape.filter_size();
    const FilterGradientCall call{plan, x, dy,
                                  plan.chunks == 1 ? gradient : static_cast<float*>(workspace)};
    char* scratch = static_cast<char*>(workspace) + plan.partial_bytes();
    const std::int64_t pieces = plan.pieces();
    const auto runs = static_cast<std::int64_t>(plan.runs.size());
    const std::int64_t parts = plan.splits * plan.column_groups;
    parallel.run(plan.chunks * parts, [&](std::int64_t task, std::int64_t worker) {
        char* mine = scratch + worker * plan.scratch_bytes();
        const std::int64_t chunk = task / parts, split = task % plan.splits;
        const std::int64_t column_group = task / plan.splits % plan.column_groups;
        const std::int64_t panel = plan.first_panel(column_group);
        const FilterPart part{
            runs * split / plan.splits, runs * (split + 1) / plan.splits,
            std::span(plan.panels)
                .subspan(static_cast<std::size_t>(panel),
                         static_cast<std::size_t>(plan.first_panel(column_group + 1) - panel))};
        const std::int64_t first = pieces * chunk / plan.chunks;
        const std::int64_t last = pieces * (chunk + 1) / plan.chunks;
        for (std::int64_t piece = first; piece < last; ++piece)
            add_block(call, piece, part, piece > first, call.result + chunk * size,
                      reinterpret_cast<float*>(mine),
                      reinterpret_cast<float*>(mine + plan.region_bytes()));
    });
    if (plan.chunks == 1)
        return;
    parallel.range(size, 4096, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            gradient[i] = call.result[i];
        for (std::int64_t chunk = 1; chunk < plan.chunks; ++chunk) {
            const float* from = call.result + chunk * size;
            for (std::int64_t i = begin; i < end; ++i)
                gradient[i] += from[i];
        }
    });
}

} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lamina::cpu {

HWY_EXPORT(run_filter_gradient);

void FilterGradientPlan::run(const float* x, const float* dy, float* filter_gradient,
                             void* workspace, const Parallel& parallel) const {
    HWY_DYNAMIC_DISPATCH(run_filter_gradient)
    (*this, x, dy, filter_gradient, workspace, parallel);
}

} // namespace lamina::cpu
#endif
