/// Sums and their like over some dimensions, without atomics: for other kernels too.
#pragma once

#include "kernels/storage.hpp"

namespace lamina::vulkan {

enum class Reduction : uint32_t { sum, maximum, minimum, product };

/// What is reduced: the elements themselves, or made from them and two more tensors.
enum class Reduced : uint32_t {
    x,                 // x
    squared_deviation, // (x - mean)^2, mean indexed by the kept dimension
    product_deviation, // y * (x - mean)
};

/// Shapes of a reduction of a dense tensor.
struct ReducePlan {
    // Merged, row-major.
    std::vector<int64_t> kept, kept_strides, reduced, reduced_strides;
    int64_t outputs = 1, length = 1; // products of kept and of reduced

    /// axes: in range, negative ones counted from the end.
    static ReducePlan of(std::span<const int64_t> dims, std::span<const int64_t> axes);
};

/// Operands of a reduction; y and mean are read where `what` needs them: those of x in f32, f16 or
/// bf16. mean is f32, result f32, i32 or i64.
struct ReduceOperands {
    lm_dtype dtype; // of x and y: f32, f16 or bf16, i32, i64
    Operand x, y, mean, result;
    uint64_t workspace = 0; // offset of so many bytes of the step's workspace as reduce_cost says
};

/// result = scale * reduction; scale: 1 of anything but a sum of floats. Operands beyond the
/// storage range are reduced part by part.
void dispatch_reduce(Step&, const ReducePlan&, Reduction, Reduced what, float scale,
                     const ReduceOperands&);

struct ReduceCost {
    uint64_t workspace_bytes = 0;
    int dispatches = 0;
};
ReduceCost reduce_cost(const Limits&, const ReducePlan&, Reduced what, lm_dtype);

} // namespace lamina::vulkan
