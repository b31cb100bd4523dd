#include "compute/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "compute/gather.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "compute/gather.hpp"
#include "compute/region.hpp"
#include "compute/scratch.hpp"
#include "compute/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {

/// Everything that the blocks of one call share.
struct GatherCall {
    const GatherPlan& plan;
    const float* source;
    const float* filter;
    float* target;
    const Epilogue& epilogue;
    float* packed;
};

/// The filter's element for a row of the reduction and a column, in units of floats.
inline void pack_part(const GatherCall& call, std::int64_t group, const Part& part) {
    const GatherPlan& plan = call.plan;
    const ConvShape& shape = plan.shape;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(Float()));
    const auto& taps = plan.gather.taps;
    float* to =
        call.packed + (group * static_cast<std::int64_t>(plan.runs.size()) * plan.run_length +
                       part.packed_offset) *
                          plan.packed_columns;
    for (const Panel& panel : plan.panels) {
        const std::int64_t width = panel.vectors * lanes;
        for (std::int64_t r = part.first_run; r < part.first_run + part.runs; ++r) {
            const Run& run = plan.runs[static_cast<std::size_t>(r)];
            for (std::int64_t j = part.begin; j < part.begin + part.length; ++j, to += width) {
                const auto& tw = taps[2][static_cast<std::size_t>(run.width + j / plan.reduce)];
                const std::int64_t c = j % plan.reduce;
                const std::int64_t tap =
                    (taps[0][static_cast<std::size_t>(run.depth)].index * shape.kernel[1] +
                     taps[1][static_cast<std::size_t>(run.height)].index) *
                        shape.kernel[2] +
                    tw.index;
                const float* from = call.filter + tap * shape.group_in() * shape.out_channels;
                if (plan.transposed) {
                    from += panel.first * shape.out_channels + group * shape.group_out() + c;
                    for (std::int64_t k = 0; k < panel.columns; ++k)
                        to[k] = from[k * shape.out_channels];
                } else {
                    from += c * shape.out_channels + group * shape.group_out() + panel.first;
                    std::memcpy(to, from, static_cast<std::size_t>(panel.columns) * sizeof(float));
                }
                std::fill(to + panel.columns, to + width, 0.0f);
            }
        }
    }
}

inline void multiply_tile(std::int64_t vectors, const float* const* a, const std::int64_t* offsets,
                          std::int64_t runs, std::int64_t length, const float* b,
                          const TileOut& out) {
    if (vectors == 3)
        tile_runs<tile_rows(3), 3>(a, offsets, runs, length, b, out);
    else if (vectors == 2)
        tile_runs<tile_rows(2), 2>(a, offsets, runs, length, b, out);
    else
        tile_runs<tile_rows(1), 1>(a, offsets, runs, length, b, out);
}

/// One block: some of the columns of a few target lines of one depth of one image.
inline void run_block(const GatherCall& call, std::int64_t task, BlockScratch scratch) {
    const GatherPlan& plan = call.plan;
    const Gather& g = plan.gather;
    const std::int64_t block = task % plan.blocks;
    const std::int64_t depth = task / plan.blocks % g.count[0];
    const std::int64_t n = task / plan.blocks / g.count[0] % plan.batch;
    // The outermost, so that a worker's columns of the filter stay in its cache.
    const std::int64_t column_group = task / plan.blocks / g.count[0] / plan.batch;
    const auto first_panel = static_cast<std::size_t>(plan.first_panel(column_group));
    const auto last_panel = static_cast<std::size_t>(plan.first_panel(column_group + 1));
    const std::int64_t first_line = block * plan.block_rows;
    const std::int64_t lines = std::min(plan.block_rows, g.count[1] - first_line);
    const float* image =
        call.source + n * g.source[0] * g.source[1] * g.source[2] * plan.source_channels;
    if (plan.copies)
        copy_region(plan, plan.region, plan.source_channels, image, depth, first_line, lines,
                    scratch.region);

    const std::int64_t pixels = lines * g.count[2];
    for (std::int64_t group = 0; group < plan.groups; ++group) {
        std::int64_t p = 0;
        for (std::int64_t line = 0; line < lines; ++line) {
            const std::int64_t h = (first_line + line);
            const float* from =
                plan.copies
                    ? scratch.region + line * g.step[1] * plan.region[2] * plan.source_channels
                    : image + (depth * g.step[0] * g.source[1] + h * g.step[1]) * g.source[2] *
                                  plan.source_channels;
            from += group * plan.reduce;
            float* to =
                call.target +
                (((n * g.target[0] + g.target_first[0] + depth * g.target_step[0]) * g.target[1] +
                  g.target_first[1] + h * g.target_step[1]) *
                     g.target[2] +
                 g.target_first[2]) *
                    plan.target_channels +
                group * plan.columns;
            for (std::int64_t w = 0; w < g.count[2]; ++w, ++p) {
                scratch.from[p] = from + w * g.step[2] * plan.source_channels;
                scratch.to[p] = to + w * g.target_step[2] * plan.target_channels;
            }
        }
        // A tile that reaches beyond the last pixel computes that pixel again, to the same bits.
        for (std::int64_t extra = 0; extra < max_tile_rows; ++extra) {
            scratch.from[p + extra] = scratch.from[p - 1];
            scratch.to[p + extra] = scratch.to[p - 1];
        }

        const std::int64_t reduce_rows =
            static_cast<std::int64_t>(plan.runs.size()) * plan.run_length;
        const float* packed = call.packed + group * reduce_rows * plan.packed_columns;
        std::int64_t offsets[GatherPlan::max_runs_of_part];
        for (const Part& part : plan.parts) {
            const bool last = &part == &plan.parts.back();
            for (std::int64_t i = 0; i < part.runs; ++i)
                offsets[i] =
                    plan.run_offsets[static_cast<std::size_t>(part.first_run + i)] + part.begin;
            for (std::size_t i = first_panel; i < last_panel; ++i) {
                const Panel& panel = plan.panels[i];
                // Every panel before this one has whole vectors.
                const float* b = packed + part.packed_offset * plan.packed_columns +
                                 part.runs * part.length * panel.first;
                const TileOut base{nullptr,
                                   panel.first,
                                   panel.columns,
                                   &part != &plan.parts.front(),
                                   last && call.epilogue.bias != nullptr
                                       ? call.epilogue.bias + group * plan.columns + panel.first
                                       : nullptr,
                                   last ? &call.epilogue : nullptr};
                const std::int64_t rows = tile_rows(static_cast<int>(panel.vectors));
                for (std::int64_t first = 0; first < pixels; first += rows) {
                    TileOut out = base;
                    out.rows = scratch.to + first;
                    multiply_tile(panel.vectors, scratch.from + first, offsets, part.runs,
                                  part.length, b, out);
                }
            }
        }
    }
    if (call.epilogue.program != nullptr)
        call.epilogue.program(call.epilogue.context, scratch.to[0],
                              (scratch.to[0] - call.target) / plan.target_channels, pixels,
                              plan.target_channels);
}

void pack_gather(const GatherCall& call, const Parallel& parallel) {
    const auto parts = static_cast<std::int64_t>(call.plan.parts.size());
    parallel.run(call.plan.groups * parts, [&](std::int64_t task, std::int64_t) {
        pack_part(call, task / parts, call.plan.parts[static_cast<std::size_t>(task % parts)]);
    });
}

void run_gather(const GatherPlan& plan, const float* source, const float* filter, float* target,
                const Epilogue& epilogue, void* packed, bool pack, void* scratch_memory,
                const Parallel& parallel) {
    const GatherCall call{plan, source, filter, target, epilogue, static_cast<float*>(packed)};
    if (pack)
        pack_gather(call, parallel);
    char* scratch = static_cast<char*>(scratch_memory);
    const std::int64_t stride = plan.scratch_bytes();
    parallel.run(plan.column_groups * plan.batch * plan.gather.count[0] * plan.blocks,
                 [&](std::int64_t task, std::int64_t worker) {
                     run_block(call, task, BlockScratch(plan, scratch + worker * stride));
                 });
}

std::int64_t lanes_of_target() { return static_cast<std::int64_t>(hn::Lanes(Float())); }

std::int64_t tile_height_of_target(std::int64_t vectors) {
    return tile_rows(static_cast<int>(vectors));
}

} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lamina::cpu {

HWY_EXPORT(run_gather);
HWY_EXPORT(lanes_of_target);
HWY_EXPORT(tile_height_of_target);

std::int64_t float_lanes() { return HWY_DYNAMIC_DISPATCH(lanes_of_target)(); }

std::int64_t tile_height(std::int64_t vectors) {
    return HWY_DYNAMIC_DISPATCH(tile_height_of_target)(vectors);
}

void GatherPlan::run(const float* source, const float* filter, float* target,
                     const Epilogue& epilogue, void* packed, bool pack, void* scratch,
                     const Parallel& parallel) const {
    HWY_DYNAMIC_DISPATCH(run_gather)
    (*this, source, filter, target, epilogue, packed, pack, scratch, parallel);
}

} // namespace lamina::cpu
#endif
