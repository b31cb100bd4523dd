/// Matrix products, for other kernels too.
#pragma once

#include "kernels/gemm.hpp"

namespace lamina::vulkan {

/// y = a b, or y += a b, once for each entry of the batch.
struct MatmulCall {
    Product product;
    bool transpose_a = false, transpose_b = false; // how they are stored
    bool shared_b = false;                         // one b for all of the batch
    bool accumulate = false;

    // Within the operands, in elements. row_*: from one stored row to the next.
    int64_t a_first = 0, b_first = 0, y_first = 0;
    int64_t row_a = 0, row_b = 0, row_y = 0;
    int64_t first_channel = 0; // of the epilogue's bias
    lm_dtype operands = LM_F32;

    /// All three dense and whole.
    static MatmulCall dense(const Product&, bool transpose_a, bool transpose_b);

    Neighbours neighbours() const;
};

/// Adds the product as planned. With plan.splits > 1, y holds that many dense copies, one after the
/// other, and the epilogue, of which none is given here, is left to who joins them.
void dispatch_matmul(Step&, const GemmPlan&, const MatmulCall&, Operand a, Operand b, Operand y,
                     const Epilogue& = {});

} // namespace lamina::vulkan
