#include <algorithm>

#include "compute/filter_gradient.hpp"
#include "compute/scratch.hpp"
#include "compute/tile_cost.hpp"

namespace lamina::cpu {
namespace {

/// Pixels of a block: 100 of 24 columns of dy are 10 KB, which leaves the first cache level room
/// for the lines of x.
constexpr std::int64_t block_pixels = 112;

constexpr std::int64_t wanted_tasks = 16;
constexpr std::int64_t partial_limit = std::int64_t{24} << 20;

std::int64_t div_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::int64_t range_of(const std::vector<Tap>& taps) {
    return taps.back().offset - taps.front().offset + 1;
}

} // namespace

FilterGradientPlan::FilterGradientPlan(const ConvShape& s, std::int64_t workers)
    : forward{GatherPlan::forward(s)}, shape{s} {
    const Gather& g = forward.gather;
    // Pixels a multiple of 256 bytes apart would fall into few sets of the first cache level.
    pixel_stride = s.in_channels % 64 == 0 ? s.in_channels + 16 : s.in_channels;
    const bool merge = forward.run_length > forward.reduce && pixel_stride == s.in_channels;
    const auto width_taps = static_cast<std::int64_t>(g.taps[2].size());
    const std::int64_t merged = merge ? width_taps : 1;
    run_length = merged * s.group_in();
    for (std::int64_t d = 0; d < s.kernel[0]; ++d)
        for (std::int64_t h = 0; h < s.kernel[1]; ++h)
            for (std::int64_t w = 0; w < width_taps; w += merged)
                runs.push_back({d, h, w, merged});

    block_rows = std::clamp(block_pixels / s.out[2], std::int64_t{1}, s.out[1]);
    blocks = div_up(s.out[1], block_rows);
    block_rows = div_up(s.out[1], blocks);
    region = {s.kernel[0], (block_rows - 1) * g.step[1] + range_of(g.taps[1]),
              (s.out[2] - 1) * g.step[2] + range_of(g.taps[2])};

    panels = make_panels(s.group_out());
    for (const Panel& panel : panels)
        packed_columns += panel.vectors * float_lanes();
    chunks = best_chunks();
    cut_tasks(workers);
}

double FilterGradientPlan::multiply_cycles() const {
    const double pixels = static_cast<double>(shape.batch * shape.out_pixels());
    const double block_pixels_used =
        static_cast<double>(block_rows) * static_cast<double>(shape.out[2]);
    double cycles = 0;
    for (const Panel& panel : panels) {
        const std::int64_t height = tile_height(panel.vectors);
        // Rows of a tile beyond the run are computed for nothing; the last tile may be a half.
        const std::int64_t half = height / 2;
        const double rows = static_cast<double>(div_up(run_length, half) * half);
        cycles += rows *
                  static_cast<double>(shape.groups * static_cast<std::int64_t>(runs.size())) *
                  tile_cycles(panel.vectors, static_cast<double>(block_rows),
                              static_cast<double>(shape.out[2])) /
                  block_pixels_used;
    }
    return pixels * cycles;
}

double FilterGradientPlan::copy_cycles() const {
    return 0.3 * static_cast<double>(pieces() * region[0] * region[1] * region[2] * pixel_stride);
}

double FilterGradientPlan::pack_cycles() const {
    return 0.3 * static_cast<double>(shape.batch * shape.out_pixels() * shape.out_channels);
}

/// A power of two: as many as leave the writing and adding of partial filters below a twenty-fifth
/// of the work, and at least so many that there are enough tasks.
std::int64_t FilterGradientPlan::best_chunks() const {
    const auto bytes =
        static_cast<double>(shape.filter_size()) * static_cast<double>(sizeof(float));
    constexpr double traffic = 3, bytes_of_a_cycle = 10, share = 0.04;
    const double affordable =
        share * multiply_cycles() * bytes_of_a_cycle / std::max(1.0, traffic * bytes);
    const auto cuts = static_cast<std::int64_t>(panels.size() * runs.size());
    const std::int64_t needed = div_up(wanted_tasks, std::max<std::int64_t>(1, cuts));
    const std::int64_t most =
        std::min({pieces(), wanted_tasks,
                  std::max<std::int64_t>(1, partial_limit /
                                                static_cast<std::int64_t>(std::max(1.0, bytes)))});
    std::int64_t count = 1;
    while (2 * count <= most && (2 * static_cast<double>(count) <= affordable || count < needed))
        count *= 2;
    return count;
}

void FilterGradientPlan::cut_tasks(std::int64_t workers) {
    const auto run_count = static_cast<std::int64_t>(runs.size());
    const auto panel_count = static_cast<std::int64_t>(panels.size());
    const auto share = [](std::int64_t count, std::int64_t cut) {
        return static_cast<double>(div_up(count, cut)) / static_cast<double>(count);
    };
    double best = 0;
    for (std::int64_t by_runs = 1; by_runs <= run_count; ++by_runs)
        for (std::int64_t by_columns = 1; by_columns <= panel_count; ++by_columns) {
            const double columns = share(panel_count, by_columns);
            const double cycles = (share(run_count, by_runs) * columns * multiply_cycles() +
                                   copy_cycles() + columns * pack_cycles()) /
                                      static_cast<double>(chunks) +
                                  task_cycles;
            const double all = makespan(chunks * by_runs * by_columns, workers, cycles);
            if ((by_runs == 1 && by_columns == 1) || all < best) {
                best = all;
                splits = by_runs;
                column_groups = by_columns;
            }
        }
}

double FilterGradientPlan::seconds() const {
    const double pixels = static_cast<double>(shape.batch * shape.out_pixels());
    const double partials = static_cast<double>(chunks * shape.filter_size());
    return cycles_to_seconds(
        multiply_cycles() +
        0.3 * pixels * static_cast<double>(shape.out_channels + shape.in_channels) + partials);
}

std::int64_t FilterGradientPlan::partial_bytes() const {
    return chunks == 1
               ? 0
               : round_up(chunks * shape.filter_size() * static_cast<std::int64_t>(sizeof(float)),
                          workspace_alignment);
}

std::int64_t FilterGradientPlan::region_bytes() const {
    // A tile may read some rows beyond the run of the last pixel.
    const std::int64_t floats = region[0] * region[1] * region[2] * pixel_stride + 64;
    return round_up(floats * static_cast<std::int64_t>(sizeof(float)), workspace_alignment);
}

std::int64_t FilterGradientPlan::packed_bytes() const {
    return round_up(block_rows * shape.out[2] * packed_columns *
                        static_cast<std::int64_t>(sizeof(float)),
                    workspace_alignment);
}

} // namespace lamina::cpu
