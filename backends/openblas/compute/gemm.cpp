#include "compute/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "compute/gemm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cstring>

#include "compute/gemm.hpp"
#include "compute/scratch.hpp"
#include "compute/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {
namespace {

struct GemmCall {
    const PackedGemmPlan& plan;
    const float* a;
    const float* b;
    float* y;
    const Epilogue& epilogue;
    float* packed; ///< [part][panel][row][columns of the panel]
};

/// Packs one panel of one part of B, `width` columns wide.
void pack_panel(const GemmCall& call, std::int64_t part, std::size_t p) {
    const PackedGemmPlan& plan = call.plan;
    const GemmShape& s = plan.shape;
    const Panel& panel = plan.panels[p];
    const std::int64_t width = panel.vectors * static_cast<std::int64_t>(hn::Lanes(Float()));
    const std::int64_t begin = plan.part_begin(part), rows = plan.part_begin(part + 1) - begin;
    float* to = call.packed + begin * plan.packed_columns + plan.panel_offsets[p] * rows;
    if (!s.transpose_b) {
        for (std::int64_t k = 0; k < rows; ++k) {
            std::memcpy(to + k * width, call.b + (begin + k) * s.n + panel.first,
                        static_cast<std::size_t>(panel.columns) * sizeof(float));
            std::fill(to + k * width + panel.columns, to + (k + 1) * width, 0.0f);
        }
        return;
    }
    // Eight rows of B^T at a time: whole cache lines are read, and the writes stay in the panel.
    for (std::int64_t k = 0; k < rows; k += 8) {
        const std::int64_t count = std::min<std::int64_t>(8, rows - k);
        for (std::int64_t n = 0; n < panel.columns; ++n) {
            const float* from = call.b + (panel.first + n) * s.k + begin + k;
            for (std::int64_t i = 0; i < count; ++i)
                to[(k + i) * width + n] = from[i];
        }
        for (std::int64_t i = 0; i < count; ++i)
            std::fill(to + (k + i) * width + panel.columns, to + (k + i + 1) * width, 0.0f);
    }
}

/// What the tiles of one block of Y share.
struct GemmBlock {
    std::int64_t first_row, rows;
    const float** a_rows;
    float** y_rows;
    float* copy; ///< of a transposed A: [k][rows]
};

template <int NV>
void multiply_panel(const GemmCall& call, const GemmBlock& block, std::int64_t begin,
                    std::int64_t length, const float* b, const TileOut& base) {
    constexpr int height = tile_rows(NV);
    const std::int64_t offset = call.plan.shape.transpose_a ? 0 : begin;
    for (std::int64_t m = 0; m < block.rows; m += height) {
        TileOut out = base;
        out.rows = block.y_rows + m;
        if (call.plan.shape.transpose_a)
            tile_lines<height, NV>(block.copy + m, &offset, 1, length, block.rows, b,
                                   std::min<std::int64_t>(height, block.rows - m), out);
        else
            tile_runs<height, NV>(block.a_rows + m, &offset, 1, length, b, out);
    }
}

void copy_transposed(const GemmCall& call, const GemmBlock& block, std::int64_t begin,
                     std::int64_t length) {
    for (std::int64_t k = 0; k < length; ++k)
        std::memcpy(block.copy + k * block.rows,
                    call.a + (begin + k) * call.plan.shape.m + block.first_row,
                    static_cast<std::size_t>(block.rows) * sizeof(float));
}

void multiply_block(const GemmCall& call, std::int64_t row_block, std::int64_t column_block,
                    char* scratch) {
    const PackedGemmPlan& plan = call.plan;
    const GemmShape& s = plan.shape;
    const std::int64_t first_row = row_block * plan.block_rows;
    const std::int64_t pointers = (plan.block_rows + 32) * static_cast<std::int64_t>(sizeof(void*));
    const GemmBlock block{
        first_row, std::min(plan.block_rows, s.m - first_row),
        reinterpret_cast<const float**>(scratch), reinterpret_cast<float**>(scratch + pointers),
        reinterpret_cast<float*>(scratch + round_up(2 * pointers, workspace_alignment))};
    for (std::int64_t i = 0; i < block.rows + max_tile_rows; ++i) {
        const std::int64_t row = first_row + std::min(i, block.rows - 1);
        block.a_rows[i] = s.transpose_a ? nullptr : call.a + row * s.k;
        block.y_rows[i] = call.y + row * s.n;
    }
    const auto first_panel = static_cast<std::size_t>(plan.first_panel(column_block));
    const auto last_panel = static_cast<std::size_t>(plan.first_panel(column_block + 1));
    for (std::int64_t part = 0; part < plan.parts; ++part) {
        const std::int64_t begin = plan.part_begin(part);
        const std::int64_t length = plan.part_begin(part + 1) - begin;
        const bool last = part + 1 == plan.parts;
        if (s.transpose_a)
            copy_transposed(call, block, begin, length);
        for (std::size_t p = first_panel; p < last_panel; ++p) {
            const Panel& panel = plan.panels[p];
            const float* b =
                call.packed + begin * plan.packed_columns + plan.panel_offsets[p] * length;
            const TileOut out{
                nullptr,
                panel.first,
                panel.columns,
                part > 0,
                last && call.epilogue.bias != nullptr ? call.epilogue.bias + panel.first : nullptr,
                last ? &call.epilogue : nullptr};
            if (panel.vectors == 3)
                multiply_panel<3>(call, block, begin, length, b, out);
            else if (panel.vectors == 2)
                multiply_panel<2>(call, block, begin, length, b, out);
            else
                multiply_panel<1>(call, block, begin, length, b, out);
        }
    }
}

void run_packed_gemm(const PackedGemmPlan& plan, const float* a, const float* b, float* y,
                     const Epilogue& epilogue, void* workspace, const Parallel& parallel) {
    const GemmCall call{plan, a, b, y, epilogue, static_cast<float*>(workspace)};
    const auto panels = static_cast<std::int64_t>(plan.panels.size());
    parallel.run(plan.parts * panels, [&](std::int64_t task, std::int64_t) {
        pack_panel(call, task / panels, static_cast<std::size_t>(task % panels));
    });
    char* scratch = static_cast<char*>(workspace) + plan.packed_bytes();
    parallel.run(plan.row_blocks * plan.column_blocks, [&](std::int64_t task, std::int64_t worker) {
        multiply_block(call, task / plan.column_blocks, task % plan.column_blocks,
                       scratch + worker * plan.scratch_bytes());
    });
}

} // namespace
} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lamina::cpu {

HWY_EXPORT(run_packed_gemm);

void PackedGemmPlan::run(const float* a, const float* b, float* y, const Epilogue& epilogue,
                         void* workspace, const Parallel& parallel) const {
    HWY_DYNAMIC_DISPATCH(run_packed_gemm)(*this, a, b, y, epilogue, workspace, parallel);
}

} // namespace lamina::cpu
#endif
