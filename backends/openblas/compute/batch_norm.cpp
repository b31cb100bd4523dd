// Plain loops, which the compiler vectorises for each instruction set. Sums are in double.

#include "compute/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "compute/batch_norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "compute/batch_norm.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {
namespace {

/// sums[2 c], sums[2 c + 1] = the sums of first and second over all elements of channel c, where
/// each gets an element's index and its channel. Partial sums are added in order.
template <class First, class Second>
void sum_channels(const ChannelShape& s, double* partial, const Parallel& parallel, First&& first,
                  Second&& second) {
    const std::int64_t chunks = s.chunks(), stride = 2 * s.channels;
    parallel.run(chunks, [&](std::int64_t chunk, std::int64_t) HWY_ATTR {
        double* HWY_RESTRICT sums = partial + chunk * stride;
        std::fill(sums, sums + stride, 0.0);
        const std::int64_t begin = s.outer * chunk / chunks, end = s.outer * (chunk + 1) / chunks;
        for (std::int64_t o = begin; o < end; ++o) {
            if (s.inner == 1) {
                const std::int64_t row = o * s.channels;
                for (std::int64_t c = 0; c < s.channels; ++c)
                    sums[c] += static_cast<double>(first(row + c, c));
                for (std::int64_t c = 0; c < s.channels; ++c)
                    sums[s.channels + c] += static_cast<double>(second(row + c, c));
                continue;
            }
            for (std::int64_t c = 0; c < s.channels; ++c) {
                const std::int64_t row = (o * s.channels + c) * s.inner;
                double a = 0, b = 0;
                for (std::int64_t i = 0; i < s.inner; ++i) {
                    a += static_cast<double>(first(row + i, c));
                    b += static_cast<double>(second(row + i, c));
                }
                sums[c] += a;
                sums[s.channels + c] += b;
            }
        }
    });
    for (std::int64_t chunk = 1; chunk < chunks; ++chunk)
        for (std::int64_t i = 0; i < stride; ++i)
            partial[i] += partial[chunk * stride + i];
}

/// Calls f(element, channel) for all elements.
template <class F>
void for_each_element(const ChannelShape& s, const Parallel& parallel, F&& f) {
    const std::int64_t row = s.channels * s.inner;
    const std::int64_t grain = std::max<std::int64_t>(1, 16384 / row);
    parallel.range(s.outer, grain, [&](std::int64_t begin, std::int64_t end) HWY_ATTR {
        for (std::int64_t o = begin; o < end; ++o) {
            if (s.inner == 1) {
                for (std::int64_t c = 0; c < s.channels; ++c)
                    f(o * row + c, c);
                continue;
            }
            for (std::int64_t c = 0; c < s.channels; ++c)
                for (std::int64_t i = 0; i < s.inner; ++i)
                    f(o * row + c * s.inner + i, c);
        }
    });
}

float* scaling(const ChannelShape& s, void* workspace) {
    return reinterpret_cast<float*>(static_cast<double*>(workspace) + s.chunks() * 2 * s.channels);
}

void run_inference(const ChannelShape& s, float epsilon, const float* x, const float* gamma,
                   const float* beta, const float* mean, const float* variance, float* y,
                   void* workspace, const Parallel& parallel) {
    float* HWY_RESTRICT scale = scaling(s, workspace);
    for (std::int64_t c = 0; c < s.channels; ++c)
        scale[c] = gamma[c] / std::sqrt(variance[c] + epsilon);
    // x - mean first: folding the mean into beta would cancel digits.
    for_each_element(s, parallel, [=](std::int64_t i, std::int64_t c) HWY_ATTR {
        y[i] = (x[i] - mean[c]) * scale[c] + beta[c];
    });
}

void run_training(const ChannelShape& s, float epsilon, const float* x, const float* gamma,
                  const float* beta, float* y, float* mean, float* variance, void* workspace,
                  const Parallel& parallel) {
    auto* sums = static_cast<double*>(workspace);
    const auto n = static_cast<double>(s.per_channel());
    const auto nothing = [](std::int64_t, std::int64_t) HWY_ATTR { return 0.0f; };
    sum_channels(
        s, sums, parallel, [=](std::int64_t i, std::int64_t) HWY_ATTR { return x[i]; }, nothing);
    for (std::int64_t c = 0; c < s.channels; ++c)
        mean[c] = static_cast<float>(sums[c] / n);
    // In two passes: the mean of squares less the square of the mean cancels. The second sum is
    // what the rounded mean leaves, and corrects for it.
    sum_channels(
        s, sums, parallel,
        [=](std::int64_t i, std::int64_t c) HWY_ATTR {
            const double d = static_cast<double>(x[i]) - static_cast<double>(mean[c]);
            return d * d;
        },
        [=](std::int64_t i, std::int64_t c)
            HWY_ATTR { return static_cast<double>(x[i]) - static_cast<double>(mean[c]); });
    for (std::int64_t c = 0; c < s.channels; ++c) {
        const double rest = sums[s.channels + c] / n;
        variance[c] = static_cast<float>(std::max(0.0, sums[c] / n - rest * rest));
    }
    run_inference(s, epsilon, x, gamma, beta, mean, variance, y, workspace, parallel);
}

void run_grad(const ChannelShape& s, float epsilon, const float* x, const float* gamma,
              const float* mean, const float* variance, const float* dy, float* dx, float* dgamma,
              float* dbeta, void* workspace, const Parallel& parallel) {
    auto* sums = static_cast<double*>(workspace);
    float* r = scaling(s, workspace);
    for (std::int64_t c = 0; c < s.channels; ++c)
        r[c] = 1.0f / std::sqrt(variance[c] + epsilon);
    sum_channels(
        s, sums, parallel, [=](std::int64_t i, std::int64_t) HWY_ATTR { return dy[i]; },
        [=](std::int64_t i, std::int64_t c) HWY_ATTR { return dy[i] * (x[i] - mean[c]); });
    const auto n = static_cast<double>(s.per_channel());
    float *shift = r + s.channels, *slope = shift + s.channels;
    for (std::int64_t c = 0; c < s.channels; ++c) {
        const double deviation = static_cast<double>(r[c]);
        const double slope_sum = sums[s.channels + c] * deviation;
        dbeta[c] = static_cast<float>(sums[c]);
        dgamma[c] = static_cast<float>(slope_sum);
        shift[c] = static_cast<float>(sums[c] / n);
        slope[c] = static_cast<float>(slope_sum * deviation / n);
    }
    for_each_element(s, parallel, [=](std::int64_t i, std::int64_t c) HWY_ATTR {
        dx[i] = gamma[c] * r[c] * (dy[i] - shift[c] - (x[i] - mean[c]) * slope[c]);
    });
}

} // namespace
} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lamina::cpu {

HWY_EXPORT(run_training);
HWY_EXPORT(run_inference);
HWY_EXPORT(run_grad);

std::int64_t ChannelShape::chunks() const { return std::clamp<std::int64_t>(outer, 1, 32); }

void batch_norm_training(const ChannelShape& shape, float epsilon, const float* x,
                         const float* gamma, const float* beta, float* y, float* mean,
                         float* variance, void* workspace, const Parallel& parallel) {
    HWY_DYNAMIC_DISPATCH(run_training)
    (shape, epsilon, x, gamma, beta, y, mean, variance, workspace, parallel);
}

void batch_norm_inference(const ChannelShape& shape, float epsilon, const float* x,
                          const float* gamma, const float* beta, const float* mean,
                          const float* variance, float* y, void* workspace,
                          const Parallel& parallel) {
    HWY_DYNAMIC_DISPATCH(run_inference)
    (shape, epsilon, x, gamma, beta, mean, variance, y, workspace, parallel);
}

void batch_norm_grad(const ChannelShape& shape, float epsilon, const float* x, const float* gamma,
                     const float* mean, const float* variance, const float* dy, float* dx,
                     float* dgamma, float* dbeta, void* workspace, const Parallel& parallel) {
    HWY_DYNAMIC_DISPATCH(run_grad)
    (shape, epsilon, x, gamma, mean, variance, dy, dx, dgamma, dbeta, workspace, parallel);
}

} // namespace lamina::cpu
#endif
