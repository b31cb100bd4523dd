#include <algorithm>

#include "compute/gemm.hpp"
#include "compute/scratch.hpp"

namespace lamina::cpu {
namespace {

/// Rows of packed B that a tile multiplies before it lets go of its accumulators: 200 of 24
/// columns are 19 KB, which stays in the first cache level.
constexpr std::int64_t part_rows = 200;

/// Blocks of Y. A block of A, 64 x 200, stays in the second level while B's panels pass; a
/// transposed one is copied to [k][48], so that its tiles read neighbouring lines.
constexpr std::int64_t plain_rows = 64, transposed_rows = 48;

constexpr std::int64_t wanted_tasks = 16;

std::int64_t div_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

} // namespace

PackedGemmPlan::PackedGemmPlan(const GemmShape& s) : shape{s} {
    parts = std::max<std::int64_t>(1, div_up(s.k, part_rows));
    const std::int64_t rows = s.transpose_a ? transposed_rows : plain_rows;
    row_blocks = div_up(s.m, rows);
    block_rows = round_up(div_up(s.m, row_blocks), 4);
    row_blocks = div_up(s.m, block_rows);
    panels = make_panels(s.n);
    column_blocks =
        std::min(static_cast<std::int64_t>(panels.size()), div_up(wanted_tasks, row_blocks));
    for (const Panel& panel : panels) {
        panel_offsets.push_back(packed_columns);
        packed_columns += panel.vectors * float_lanes();
    }
}

std::int64_t PackedGemmPlan::packed_bytes() const {
    return round_up(shape.k * packed_columns * static_cast<std::int64_t>(sizeof(float)),
                    workspace_alignment);
}

std::int64_t PackedGemmPlan::scratch_bytes() const {
    const std::int64_t pointers = 2 * (block_rows + 32) * static_cast<std::int64_t>(sizeof(void*));
    const std::int64_t copy =
        shape.transpose_a ? (part_rows * block_rows + 64) * static_cast<std::int64_t>(sizeof(float))
                          : 0;
    return round_up(pointers, workspace_alignment) + round_up(copy, workspace_alignment);
}

} // namespace lamina::cpu
