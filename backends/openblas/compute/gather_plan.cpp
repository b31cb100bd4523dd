#include <algorithm>

#include "compute/gather.hpp"
#include "compute/scratch.hpp"
#include "compute/tile_cost.hpp"

namespace lamina::cpu {
namespace {

/// Rows of the packed filter in one part: 200 rows of 24 columns are 19 KB, which stays in a 32 KB
/// first level while the source streams past.
constexpr std::int64_t part_rows = GatherPlan::max_runs_of_part;

/// Target pixels that one task works on at most, so that the copied source stays in the second
/// level.
constexpr std::int64_t most_pixels = 256;

std::int64_t div_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// The extent that the taps of one dimension span around a single pixel.
std::int64_t tap_range(const std::vector<Tap>& taps) {
    return taps.empty() ? 1 : taps.back().offset - taps.front().offset + 1;
}

} // namespace

GatherPlan GatherPlan::forward(const ConvShape& shape, std::int64_t workers) {
    GatherPlan plan;
    plan.shape = shape;
    plan.batch = shape.batch;
    plan.groups = shape.groups;
    plan.source_channels = shape.in_channels;
    plan.target_channels = shape.out_channels;
    plan.reduce = shape.group_in();
    plan.columns = shape.group_out();
    plan.gather = Gather{shape.in, shape.out, shape.out, shape.stride, {0, 0, 0}, {1, 1, 1}, {}};
    for (std::size_t d = 0; d < 3; ++d)
        for (std::int64_t r = 0; r < shape.kernel[d]; ++r)
            plan.gather.taps[d].push_back({r, r * shape.dilation[d] - shape.pad_lo[d]});
    plan.finish(workers);
    return plan;
}

std::vector<GatherPlan> GatherPlan::backward_data(const ConvShape& shape, std::int64_t workers) {
    std::vector<GatherPlan> plans;
    for (std::int64_t d = 0; d < shape.stride[0]; ++d)
        for (std::int64_t h = 0; h < shape.stride[1]; ++h)
            for (std::int64_t w = 0; w < shape.stride[2]; ++w) {
                const Extent3 first{d, h, w};
                GatherPlan plan;
                plan.shape = shape;
                plan.transposed = true;
                plan.batch = shape.batch;
                plan.groups = shape.groups;
                plan.source_channels = shape.out_channels;
                plan.target_channels = shape.in_channels;
                plan.reduce = shape.group_out();
                plan.columns = shape.group_in();
                plan.gather = Gather{shape.out, shape.in, {}, {1, 1, 1}, first, shape.stride, {}};
                bool empty = false;
                for (std::size_t i = 0; i < 3; ++i) {
                    const std::int64_t left = shape.in[i] - first[i];
                    plan.gather.count[i] = left > 0 ? div_up(left, shape.stride[i]) : 0;
                    empty = empty || left <= 0;
                    for (std::int64_t r = shape.kernel[i] - 1; r >= 0; --r) {
                        const std::int64_t at = first[i] + shape.pad_lo[i] - r * shape.dilation[i];
                        if (at % shape.stride[i] == 0)
                            plan.gather.taps[i].push_back({r, at / shape.stride[i]});
                    }
                }
                if (empty)
                    continue;
                plan.finish(workers);
                plans.push_back(std::move(plan));
            }
    return plans;
}

void GatherPlan::cut_runs() {
    const auto& taps = gather.taps;
    bool neighbours = groups == 1;
    for (std::size_t i = 1; i < taps[2].size(); ++i)
        neighbours = neighbours && taps[2][i].offset == taps[2][i - 1].offset + 1;
    const auto width_taps = static_cast<std::int64_t>(taps[2].size());
    const std::int64_t merged = neighbours ? std::max<std::int64_t>(width_taps, 1) : 1;
    run_length = merged * reduce;
    for (std::int64_t d = 0; d < static_cast<std::int64_t>(taps[0].size()); ++d)
        for (std::int64_t h = 0; h < static_cast<std::int64_t>(taps[1].size()); ++h)
            for (std::int64_t w = 0; w < width_taps; w += merged)
                runs.push_back({d, h, w, merged});
}

void GatherPlan::cut_parts() {
    const auto run_count = static_cast<std::int64_t>(runs.size());
    if (run_count == 0) {
        parts.push_back({0, 0, 0, 0, 0});
    } else if (run_length <= part_rows) {
        const std::int64_t count = div_up(run_count, part_rows / run_length);
        for (std::int64_t p = 0; p < count; ++p) {
            const std::int64_t first = run_count * p / count;
            parts.push_back(
                {first, run_count * (p + 1) / count - first, 0, run_length, first * run_length});
        }
    } else {
        const std::int64_t count = div_up(run_length, part_rows);
        for (std::int64_t r = 0; r < run_count; ++r)
            for (std::int64_t p = 0; p < count; ++p) {
                const std::int64_t begin = run_length * p / count;
                parts.push_back(
                    {r, 1, begin, run_length * (p + 1) / count - begin, r * run_length + begin});
            }
    }
}

Extent3 GatherPlan::region_of(std::int64_t lines) const {
    const auto& taps = gather.taps;
    return {std::max<std::int64_t>(1, static_cast<std::int64_t>(taps[0].size())),
            (lines - 1) * gather.step[1] + tap_range(taps[1]),
            (gather.count[2] - 1) * gather.step[2] + tap_range(taps[2])};
}

/// Weighs what tiles compute beyond a block's last pixel, the filter's way to each task and the
/// copies of the source against workers that wait for the last task.
GatherPlan::Blocking GatherPlan::best_blocking(std::int64_t workers) const {
    double row = 0;
    for (const Panel& panel : panels)
        for (const Part& part : parts)
            row += tile_cycles(panel.vectors, static_cast<double>(part.runs),
                               static_cast<double>(part.length));
    row *= static_cast<double>(groups);
    const auto panel_count = static_cast<std::int64_t>(panels.size());
    const std::int64_t height = tile_height(panels.front().vectors);
    const std::int64_t lines = gather.count[1], width = gather.count[2];
    const auto filter_bytes = static_cast<double>(packed_bytes());
    Blocking best{0, 0, 0};
    for (std::int64_t rows = 1; rows <= lines; ++rows) {
        if (rows > 1 && rows * width > most_pixels)
            break;
        const std::int64_t count = div_up(lines, rows);
        if (div_up(lines, count) != rows)
            continue; // the same number of blocks, less even
        const Extent3 copy = region_of(rows);
        const double copied =
            copies ? 0.2 * static_cast<double>(copy[0] * copy[1] * copy[2] * source_channels) : 0.0;
        for (std::int64_t cut = 1; cut <= (groups == 1 ? panel_count : 1); ++cut) {
            const double share =
                static_cast<double>(div_up(panel_count, cut)) / static_cast<double>(panel_count);
            const double cycles =
                share * static_cast<double>(round_up(rows * width, height)) * row +
                streaming_cycles(share * filter_bytes) + copied + task_cycles;
            const double all = makespan(batch * gather.count[0] * count * cut, workers, cycles);
            if (best.rows == 0 || all < best.cycles)
                best = {rows, cut, all};
        }
    }
    return best;
}

void GatherPlan::finish(std::int64_t workers) {
    const auto& taps = gather.taps;
    for (std::size_t d = 0; d < 3; ++d) {
        low[d] = taps[d].empty() ? 0 : taps[d].front().offset;
        const std::int64_t high = taps[d].empty() ? 0 : taps[d].back().offset;
        copies = copies || low[d] < 0 ||
                 (gather.count[d] - 1) * gather.step[d] + high >= gather.source[d];
    }
    cut_runs();
    cut_parts();
    panels = make_panels(columns);
    packed_columns = 0;
    for (const Panel& panel : panels)
        packed_columns += panel.vectors * float_lanes();

    const Blocking blocking = best_blocking(workers);
    cycles_on_one_core_ = best_blocking(1).cycles;
    block_rows = blocking.rows;
    blocks = div_up(gather.count[1], block_rows);
    column_groups = blocking.column_groups;

    region = region_of(block_rows);
    for (const Run& run : runs) {
        const auto source = [&](std::size_t d, std::int64_t tap) {
            return taps[d][static_cast<std::size_t>(tap)].offset - (copies ? low[d] : 0);
        };
        // A copy holds the taps' depths only, one behind the other.
        const Extent3& extent = copies ? region : gather.source;
        const std::int64_t depth = copies ? run.depth : source(0, run.depth);
        run_offsets.push_back(
            ((depth * extent[1] + source(1, run.height)) * extent[2] + source(2, run.width)) *
            source_channels);
    }
}

double GatherPlan::seconds() const {
    return cycles_to_seconds(cycles_on_one_core_) + packing_seconds();
}

double GatherPlan::packing_seconds() const {
    return cycles_to_seconds(static_cast<double>(packed_bytes()) * 0.3);
}

std::int64_t GatherPlan::packed_bytes() const {
    const std::int64_t rows = static_cast<std::int64_t>(runs.size()) * run_length;
    return round_up(groups * rows * packed_columns * static_cast<std::int64_t>(sizeof(float)),
                    workspace_alignment);
}

std::int64_t GatherPlan::region_bytes() const {
    // Tiles may read a little beyond the last run of the last pixel.
    const std::int64_t floats = region[0] * region[1] * region[2] * source_channels + 64;
    return copies ? round_up(floats * static_cast<std::int64_t>(sizeof(float)), workspace_alignment)
                  : 0;
}

std::int64_t GatherPlan::pointer_bytes() const {
    const std::int64_t count = block_rows * gather.count[2] + 32;
    return round_up(count * static_cast<std::int64_t>(sizeof(void*)), workspace_alignment);
}

std::vector<Panel> make_panels(std::int64_t columns) {
    const std::int64_t lanes = float_lanes();
    std::vector<Panel> panels;
    std::int64_t first = 0;
    for (std::int64_t left = div_up(columns, lanes); left > 0;) {
        // A panel of one vector would load more than it multiplies: 4 is 2 + 2, not 3 + 1.
        const std::int64_t vectors = left == 4 ? 2 : std::min<std::int64_t>(left, 3);
        panels.push_back({first, std::min(columns - first, vectors * lanes), vectors});
        first += vectors * lanes;
        left -= vectors;
    }
    return panels;
}

} // namespace lamina::cpu
