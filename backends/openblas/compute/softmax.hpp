#pragma once

#include <cstdint>

#include "compute/parallel.hpp"

namespace lamina::cpu {

/// x and y: [outer, dim, inner], along dim. Stable: the maximum is taken off first.
void softmax(const float* x, float* y, std::int64_t outer, std::int64_t dim, std::int64_t inner,
             bool logarithm, const Parallel& parallel);

/// loss[i] = -sum over the classes of labels * log_softmax(logits), rows of `classes`.
void softmax_cross_entropy(const float* logits, const float* labels, float* loss, std::int64_t rows,
                           std::int64_t classes, const Parallel& parallel);

} // namespace lamina::cpu
