#pragma once

// Pooling over channels_last f32 arrays; channels_first is the same with N * C images of one
// channel.

#include "compute/conv_shape.hpp"
#include "compute/parallel.hpp"

namespace lamina::cpu {

struct PoolShape {
    std::int64_t images, channels;
    Extent3 in, out, window, stride, pad_lo;

    std::int64_t in_pixels() const { return in[0] * in[1] * in[2]; }
    std::int64_t out_pixels() const { return out[0] * out[1] * out[2]; }
};

/// Padding counts as -infinity, a NaN wins.
void max_pool(const PoolShape& shape, const float* x, float* y, const Parallel& parallel);
/// dy goes to the first element in row-major order that equals y (or is NaN as y is).
void max_pool_grad(const PoolShape& shape, const float* x, const float* y, const float* dy,
                   float* dx, const Parallel& parallel);
/// Padding is left out of sum and count.
void avg_pool(const PoolShape& shape, const float* x, float* y, const Parallel& parallel);
void avg_pool_grad(const PoolShape& shape, const float* dy, float* dx, const Parallel& parallel);

} // namespace lamina::cpu
