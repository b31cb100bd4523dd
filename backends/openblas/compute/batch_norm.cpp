// Sums are in double, in one pass over memory.

#include "compute/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "compute/batch_norm.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>

#include "compute/batch_norm.hpp"
#include "compute/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {
namespace {

using Float = hn::ScalableTag<float>;
/// As many lanes as a vector of double has.
using HalfFloat = hn::Half<Float>;
template <class D>
using Wide = hn::Rebind<double, D>;
template <class D>
using WideVec = hn::Vec<Wide<D>>;

/// The values of a parameter for a vector of elements: neighbouring channels', or one channel's.
struct Channels {
    std::int64_t first;
    template <class D>
    hn::Vec<D> of(D d, const float* parameter) const {
        return hn::LoadU(d, parameter + first);
    }
};
struct OneChannel {
    std::int64_t channel;
    template <class D>
    hn::Vec<D> of(D d, const float* parameter) const {
        return hn::Set(d, parameter[channel]);
    }
};

/// Rows whose elements of a few channels are summed in registers: they stay in the first cache
/// level until their last channel has been.
constexpr std::int64_t rows_at_once = 16;

/// sums[c], sums[channels + c] = the sums over all elements of channel c of what
/// add(vector type, index of an element, Channels or OneChannel, first, second) adds. Partial sums
/// are added in order.
template <class Add>
void sum_channels(const ChannelShape& s, double* partial, const Parallel& parallel, Add&& add) {
    const std::int64_t chunks = s.chunks(), stride = 2 * s.channels;
    const auto sum_rows = [&](double* sums, std::int64_t begin, std::int64_t end) HWY_ATTR {
        for_each_vector(HalfFloat(), 0, s.channels, [&](auto d, std::int64_t c) HWY_ATTR {
            const Wide<decltype(d)> wide;
            auto first = hn::LoadU(wide, sums + c);
            auto second = hn::LoadU(wide, sums + s.channels + c);
            for (std::int64_t o = begin; o < end; ++o)
                add(d, o * s.channels + c, Channels{c}, first, second);
            hn::StoreU(first, wide, sums + c);
            hn::StoreU(second, wide, sums + s.channels + c);
        });
    };
    const auto sum_channel = [&](double* sums, std::int64_t o, std::int64_t c) HWY_ATTR {
        const Wide<HalfFloat> whole;
        auto first = hn::Zero(whole), second = hn::Zero(whole);
        double first_rest = 0, second_rest = 0;
        const std::int64_t row = (o * s.channels + c) * s.inner;
        for_each_vector(HalfFloat(), 0, s.inner, [&](auto d, std::int64_t i) HWY_ATTR {
            const Wide<decltype(d)> wide;
            if constexpr (hn::MaxLanes(decltype(d)()) == hn::MaxLanes(HalfFloat())) {
                add(d, row + i, OneChannel{c}, first, second);
            } else {
                auto a = hn::Zero(wide), b = hn::Zero(wide);
                add(d, row + i, OneChannel{c}, a, b);
                first_rest += hn::GetLane(hn::SumOfLanes(wide, a));
                second_rest += hn::GetLane(hn::SumOfLanes(wide, b));
            }
        });
        sums[c] += hn::GetLane(hn::SumOfLanes(whole, first)) + first_rest;
        sums[s.channels + c] += hn::GetLane(hn::SumOfLanes(whole, second)) + second_rest;
    };
    parallel.run(chunks, [&](std::int64_t chunk, std::int64_t) HWY_ATTR {
        double* HWY_RESTRICT sums = partial + chunk * stride;
        std::fill(sums, sums + stride, 0.0);
        const std::int64_t begin = s.outer * chunk / chunks, end = s.outer * (chunk + 1) / chunks;
        if (s.inner == 1) {
            for (std::int64_t o = begin; o < end; o += rows_at_once)
                sum_rows(sums, o, std::min(o + rows_at_once, end));
            return;
        }
        for (std::int64_t o = begin; o < end; ++o)
            for (std::int64_t c = 0; c < s.channels; ++c)
                sum_channel(sums, o, c);
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
    // About each channel's first element, which lies among the others: the mean of squares about
    // zero less the square of the mean would cancel.
    float* HWY_RESTRICT origin = scaling(s, workspace);
    for (std::int64_t c = 0; c < s.channels; ++c)
        origin[c] = x[c * s.inner];
    sum_channels(s, sums, parallel,
                 [=](auto d, std::int64_t i, auto channels, auto& sum, auto& squares) HWY_ATTR {
                     const Wide<decltype(d)> wide;
                     const auto distance = hn::Sub(hn::PromoteTo(wide, hn::LoadU(d, x + i)),
                                                   hn::PromoteTo(wide, channels.of(d, origin)));
                     sum = hn::Add(sum, distance);
                     squares = hn::MulAdd(distance, distance, squares);
                 });
    for (std::int64_t c = 0; c < s.channels; ++c) {
        const double distance = sums[c] / n;
        mean[c] = static_cast<float>(static_cast<double>(origin[c]) + distance);
        variance[c] =
            static_cast<float>(std::max(0.0, sums[s.channels + c] / n - distance * distance));
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
    sum_channels(s, sums, parallel,
                 [=](auto d, std::int64_t i, auto channels, auto& sum, auto& slopes) HWY_ATTR {
                     const Wide<decltype(d)> wide;
                     const auto gradient = hn::LoadU(d, dy + i);
                     const auto distance = hn::Sub(hn::LoadU(d, x + i), channels.of(d, mean));
                     sum = hn::Add(sum, hn::PromoteTo(wide, gradient));
                     slopes = hn::Add(slopes, hn::PromoteTo(wide, hn::Mul(gradient, distance)));
                 });
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
