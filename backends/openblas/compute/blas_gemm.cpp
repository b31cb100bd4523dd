#include <algorithm>

#include "compute/gemm.hpp"
#include "compute/scratch.hpp"

namespace lamina::cpu {
namespace {

constexpr std::int64_t wanted_tasks = 8;

CBLAS_TRANSPOSE flag(bool transpose) { return transpose ? CblasTrans : CblasNoTrans; }

/// Rows [m0, m1) and columns [n0, n1) of Y.
void multiply(const Blas& blas, const GemmShape& s, const float* a, const float* b, float* y,
              std::int64_t m0, std::int64_t m1, std::int64_t n0, std::int64_t n1) {
    const std::int64_t lda = s.transpose_a ? s.m : s.k, ldb = s.transpose_b ? s.k : s.n;
    a += s.transpose_a ? m0 : m0 * lda;
    b += s.transpose_b ? n0 * ldb : n0;
    y += m0 * s.n + n0;
    const auto to_int = [](std::int64_t x) { return static_cast<int>(x); };
    if (s.m == 1) {
        // y = B^T a: OpenBLAS's product of a vector is twice as fast as its product of matrices.
        blas.sgemv(CblasRowMajor, flag(!s.transpose_b), to_int(s.transpose_b ? n1 - n0 : s.k),
                   to_int(s.transpose_b ? s.k : n1 - n0), 1.0f, b, to_int(ldb), a, 1, 0.0f, y, 1);
        return;
    }
    blas.sgemm(CblasRowMajor, flag(s.transpose_a), flag(s.transpose_b), to_int(m1 - m0),
               to_int(n1 - n0), to_int(s.k), 1.0f, a, to_int(lda), b, to_int(ldb), 0.0f, y,
               to_int(s.n));
}

} // namespace

void run_blas_gemm(const Blas& blas, const GemmShape& s, std::int64_t batch, std::int64_t b_step,
                   const float* a, const float* b, float* y, const Parallel& parallel) {
    // Few products are cut along the longer side of Y.
    const bool by_rows = s.m >= s.n;
    const std::int64_t side = by_rows ? s.m : s.n;
    std::int64_t cuts = batch >= wanted_tasks ? 1 : std::min(wanted_tasks, (side + 31) / 32);
    const std::int64_t width = round_up((side + cuts - 1) / cuts, 16);
    cuts = (side + width - 1) / width;
    parallel.run(batch * cuts, [&](std::int64_t task, std::int64_t) {
        const std::int64_t i = task / cuts;
        const std::int64_t begin = task % cuts * width, end = std::min(begin + width, side);
        const float* ai = a + i * s.m * s.k;
        const float* bi = b + i * b_step;
        float* yi = y + i * s.m * s.n;
        if (by_rows)
            multiply(blas, s, ai, bi, yi, begin, end, 0, s.n);
        else
            multiply(blas, s, ai, bi, yi, 0, s.m, begin, end);
    });
}

} // namespace lamina::cpu
