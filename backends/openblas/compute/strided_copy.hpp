#pragma once

// Copies between tensors walked through by strides: transposition, slices, padding, broadcasting
// and concatenation are all this.

#include <array>
#include <cstdint>
#include <span>

#include "compute/parallel.hpp"

namespace lamina::cpu {

/// Element counts and, in elements, the steps of both sides. A source stride of 0 repeats.
struct StridedCopy {
    std::span<const std::int64_t> dims;
    std::span<const std::int64_t> from_strides;
    std::span<const std::int64_t> to_strides;
};

/// Elements of `element_bytes` (1, 2, 4 or 8). Different positions must not share a target.
void strided_copy(const StridedCopy& copy, std::int64_t element_bytes, const void* from, void* to,
                  const Parallel& parallel);

} // namespace lamina::cpu
