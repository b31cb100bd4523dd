#pragma once

// Batch normalisation over x seen as [outer, channels, inner]; inner is 1 for channels_last.

#include <cstdint>

#include "compute/parallel.hpp"

namespace lamina::cpu {

struct ChannelShape {
    std::int64_t outer, channels, inner;

    std::int64_t size() const { return outer * channels * inner; }
    std::int64_t per_channel() const { return outer * inner; }
    /// Blocks of rows whose sums are kept apart: the cut depends on the shape only.
    std::int64_t chunks() const;
    /// Two sums a channel and chunk, and two floats a channel for the scaling.
    std::int64_t workspace_bytes() const {
        return channels * (chunks() * 2 * static_cast<std::int64_t>(sizeof(double)) +
                           3 * static_cast<std::int64_t>(sizeof(float)));
    }
};

void batch_norm_training(const ChannelShape& shape, float epsilon, const float* x,
                         const float* gamma, const float* beta, float* y, float* mean,
                         float* variance, void* workspace, const Parallel& parallel);
void batch_norm_inference(const ChannelShape& shape, float epsilon, const float* x,
                          const float* gamma, const float* beta, const float* mean,
                          const float* variance, float* y, void* workspace,
                          const Parallel& parallel);
void batch_norm_grad(const ChannelShape& shape, float epsilon, const float* x, const float* gamma,
                     const float* mean, const float* variance, const float* dy, float* dx,
                     float* dgamma, float* dbeta, void* workspace, const Parallel& parallel);

} // namespace lamina::cpu
