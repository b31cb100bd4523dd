/// Kernels that compute each element of a space from elements at affine places: every elementwise
/// operator and program, and every movement (transpose, pad, slice, broadcast, concat). One SPIR-V
/// module is written for each, with all sizes in it as constants.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "lamina/plugin/expression.hpp"

namespace lamina::vulkan {

/// How a tensor is reached from a point c of the space: element base + sum c[d] * strides[d].
struct View {
    lm_dtype dtype = LM_F32;
    int64_t base = 0;
    std::vector<int64_t> strides; // one a dimension of the space

    /// Where set, points outside low <= c < low + extent in some dimension see `fill` instead.
    struct Bound {
        int64_t low = 0, extent = 0;
    };
    std::vector<Bound> bounds; // empty, or one a dimension
    double fill = 0;

    /// f16 and bf16 as they are computed, not yet rounded: in f32.
    bool unrounded = false;
    lm_dtype stored() const { return unrounded ? lm_dtype{LM_F32} : dtype; }
};

/// The dense tensor of these dims, broadcast to the space as NumPy does.
View broadcast_view(lm_dtype, std::span<const int64_t> dims, std::span<const int64_t> space);

struct Map {
    std::vector<int64_t> space;
    std::vector<View> inputs;
    std::vector<View> outputs; // those of 1 and 2 bytes an element must be contiguous
    plugin::Expression expression;
    std::vector<int64_t> results; // of each output: the instruction
};

struct MapModule {
    std::vector<uint32_t> words; // bindings: inputs, then outputs
    uint64_t groups = 0;         // workgroups in all, to be laid out in rows
    uint32_t row = 0;            // of this many
};

/// Drops dimensions of 1 and merges those that every view walks as one.
void simplify(Map&);

/// Throws LM_UNSUPPORTED where the program needs arithmetic that shaders here lack (f64).
void check_map(const plugin::Expression&, std::span<const lm_dtype> inputs);

/// max_groups: workgroups in one row.
MapModule compile(Map, uint32_t local_size, uint32_t max_groups);

} // namespace lamina::vulkan
