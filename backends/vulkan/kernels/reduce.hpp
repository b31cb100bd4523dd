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
    int64_t splits = 1;              // parts of the length, summed by a second dispatch

    /// axes: in range, negative ones counted from the end.
    static ReducePlan of(std::span<const int64_t> dims, std::span<const int64_t> axes);

    /// More dimensions remain on one side than the shader follows: x is first copied to where the
    /// kept ones come before the reduced ones.
    bool scattered() const { return kept.size() > 4 || reduced.size() > 4; }
    ReducePlan gathered() const;

    uint64_t partial_bytes() const; // results of the parts
    uint64_t copy_bytes() const;    // of x
    uint64_t workspace_bytes() const { return partial_bytes() + copy_bytes(); }
    int dispatches() const { return (splits > 1) + scattered() + 1; }
};

/// Operands of a reduction; y and mean are read where `what` needs them. mean and result are f32.
struct ReduceOperands {
    lm_dtype dtype; // of x and y: f32, f16 or bf16
    Operand x, y, mean, result;
    uint64_t workspace = 0; // offset of workspace_bytes() in the step's workspace
};

/// result = scale * reduction.
void dispatch_reduce(Step&, const ReducePlan&, Reduction, Reduced what, float scale,
                     const ReduceOperands&);

} // namespace lamina::vulkan
