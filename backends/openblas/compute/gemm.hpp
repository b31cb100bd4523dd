#pragma once

// Y = op(A) op(B), row-major, with our own tiles: B is packed once in parallel; A is read where it
// lies, or, when transposed, block by block through a copy.

#include "compute/blas.hpp"
#include "compute/epilogue.hpp"
#include "compute/gather.hpp"
#include "compute/parallel.hpp"

namespace lamina::cpu {

struct GemmShape {
    std::int64_t m, n, k;
    bool transpose_a = false, transpose_b = false;

    double flops() const {
        return 2.0 * static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    }
};

class PackedGemmPlan {
  public:
    explicit PackedGemmPlan(const GemmShape& shape);

    std::int64_t workspace_bytes(std::int64_t workers) const {
        return packed_bytes() + workers * scratch_bytes();
    }
    /// epilogue.program is left to the caller.
    void run(const float* a, const float* b, float* y, const Epilogue& epilogue, void* workspace,
             const Parallel& parallel) const;

    // What follows is read by the inner loops.
    std::int64_t packed_bytes() const;
    std::int64_t scratch_bytes() const;

    GemmShape shape;
    std::int64_t parts;                  ///< of the reduction
    std::int64_t block_rows, row_blocks; ///< of Y
    std::int64_t column_blocks;          ///< runs of panels
    std::vector<Panel> panels;
    std::vector<std::int64_t> panel_offsets;
    std::int64_t packed_columns = 0;

    std::int64_t part_begin(std::int64_t part) const { return shape.k * part / parts; }
    std::int64_t first_panel(std::int64_t block) const {
        return static_cast<std::int64_t>(panels.size()) * block / column_blocks;
    }
};

/// The same through a BLAS, on blocks that depend on the shape only. Batched: b_step may be 0.
void run_blas_gemm(const Blas& blas, const GemmShape& shape, std::int64_t batch,
                   std::int64_t b_step, const float* a, const float* b, float* y,
                   const Parallel& parallel);

} // namespace lamina::cpu
