#include "compute/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "compute/depthwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>

#include "compute/depthwise.hpp"
#include "compute/gather.hpp"
#include "compute/tile-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {
namespace {

/// Vectors of channels that are worked on together: enough chains to hide a multiply-add's latency.
constexpr int wide = 4;

/// `count` channels, at most NV vectors, of one target pixel.
template <int NV>
HWY_INLINE void gather_pixel(const DepthwisePlan& plan, const float* image, const float* filter,
                             float* to, std::int64_t first, std::int64_t count, const Extent3& at,
                             const Epilogue& epilogue) {
    const Float d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const std::int64_t channels = plan.shape.in_channels;
    const std::int64_t rest = count - (NV - 1) * lanes;
    const auto mask = hn::FirstN(d, static_cast<std::size_t>(std::min(rest, lanes)));
    const auto load = [&](const float* from, int v) HWY_ATTR {
        return v + 1 < NV ? hn::LoadU(d, from + v * lanes) : masked_load(mask, d, from + v * lanes);
    };
    FloatVec acc[NV];
    for (int v = 0; v < NV; ++v)
        acc[v] = epilogue.bias == nullptr ? hn::Zero(d) : load(epilogue.bias + first, v);
    const auto link = [&](std::size_t i) -> const std::vector<DepthwiseLink>& {
        return plan.links[i][static_cast<std::size_t>(at[i])];
    };
    const Extent3& kernel = plan.shape.kernel;
    for (const DepthwiseLink& a : link(0))
        for (const DepthwiseLink& b : link(1))
            for (const DepthwiseLink& c : link(2)) {
                const float* x =
                    image +
                    ((a.source * plan.source[1] + b.source) * plan.source[2] + c.source) *
                        channels +
                    first;
                const float* f =
                    filter + ((a.tap * kernel[1] + b.tap) * kernel[2] + c.tap) * channels + first;
                for (int v = 0; v < NV; ++v)
                    acc[v] = hn::MulAdd(load(x, v), load(f, v), acc[v]);
            }
    for (int v = 0; v < NV; ++v) {
        const auto y = apply_clamp(epilogue, acc[v]);
        if (v + 1 < NV)
            hn::StoreU(y, d, to + first + v * lanes);
        else
            hn::BlendedStore(y, mask, d, to + first + v * lanes);
    }
}

void run_depthwise(const DepthwisePlan& plan, const float* source, const float* filter,
                   float* target, const Epilogue& epilogue, const Parallel& parallel) {
    const std::int64_t channels = plan.shape.in_channels;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(Float()));
    const std::int64_t image_size = plan.source[0] * plan.source[1] * plan.source[2] * channels;
    const std::int64_t lines = plan.target[0] * plan.target[1];
    const std::int64_t line_size = plan.target[2] * channels;
    const std::int64_t grain =
        std::max<std::int64_t>(1, 8192 / std::max<std::int64_t>(1, line_size));
    parallel.range(plan.shape.batch * lines, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t line = begin; line < end; ++line) {
            const float* image = source + line / lines * image_size;
            Extent3 at{line % lines / plan.target[1], line % plan.target[1], 0};
            for (at[2] = 0; at[2] < plan.target[2]; ++at[2]) {
                float* to = target + line * line_size + at[2] * channels;
                for (std::int64_t first = 0; first < channels;) {
                    const std::int64_t left = channels - first;
                    if (left >= wide * lanes) {
                        gather_pixel<wide>(plan, image, filter, to, first, wide * lanes, at,
                                           epilogue);
                        first += wide * lanes;
                    } else {
                        gather_pixel<1>(plan, image, filter, to, first, std::min(left, lanes), at,
                                        epilogue);
                        first += lanes;
                    }
                }
            }
        }
    });
}

/// Channels [first, first + count) of one tap's gradient.
void sum_tap(const ConvShape& s, const float* x, const float* dy, std::int64_t tap,
             std::int64_t first, std::int64_t count, float* to) {
    const Extent3 at{tap / (s.kernel[1] * s.kernel[2]), tap / s.kernel[2] % s.kernel[1],
                     tap % s.kernel[2]};
    const auto source = [&](std::size_t i, std::int64_t o) {
        return o * s.stride[i] + at[i] * s.dilation[i] - s.pad_lo[i];
    };
    constexpr std::int64_t widest = 64;
    double total[widest] = {};
    for (std::int64_t n = 0; n < s.batch; ++n)
        for (std::int64_t a = 0; a < s.out[0]; ++a)
            for (std::int64_t b = 0; b < s.out[1]; ++b) {
                const std::int64_t d = source(0, a), h = source(1, b);
                if (d < 0 || d >= s.in[0] || h < 0 || h >= s.in[1])
                    continue;
                float line[widest] = {}; // one line in float, lines in double
                for (std::int64_t c = 0; c < s.out[2]; ++c) {
                    const std::int64_t w = source(2, c);
                    if (w < 0 || w >= s.in[2])
                        continue;
                    const float* HWY_RESTRICT from =
                        x + (((n * s.in[0] + d) * s.in[1] + h) * s.in[2] + w) * s.in_channels +
                        first;
                    const float* HWY_RESTRICT by =
                        dy + (((n * s.out[0] + a) * s.out[1] + b) * s.out[2] + c) * s.in_channels +
                        first;
                    for (std::int64_t k = 0; k < count; ++k)
                        line[k] += from[k] * by[k];
                }
                for (std::int64_t k = 0; k < count; ++k)
                    total[k] += static_cast<double>(line[k]);
            }
    for (std::int64_t k = 0; k < count; ++k)
        to[tap * s.in_channels + first + k] = static_cast<float>(total[k]);
}

void run_depthwise_filter(const ConvShape& s, const float* x, const float* dy, float* gradient,
                          const Parallel& parallel) {
    constexpr std::int64_t width = 32;
    const std::int64_t strips = (s.in_channels + width - 1) / width;
    parallel.run(s.taps() * strips, [&](std::int64_t task, std::int64_t) {
        const std::int64_t first = task % strips * width;
        sum_tap(s, x, dy, task / strips, first, std::min(width, s.in_channels - first), gradient);
    });
}

} // namespace
} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lamina::cpu {

HWY_EXPORT(run_depthwise);
HWY_EXPORT(run_depthwise_filter);

DepthwisePlan DepthwisePlan::forward(const ConvShape& s) {
    DepthwisePlan plan{s, s.in, s.out, {}};
    for (std::size_t i = 0; i < 3; ++i) {
        plan.links[i].resize(static_cast<std::size_t>(s.out[i]));
        for (std::int64_t o = 0; o < s.out[i]; ++o)
            for (std::int64_t r = 0; r < s.kernel[i]; ++r) {
                const std::int64_t at = o * s.stride[i] + r * s.dilation[i] - s.pad_lo[i];
                if (at >= 0 && at < s.in[i])
                    plan.links[i][static_cast<std::size_t>(o)].push_back({at, r});
            }
    }
    return plan;
}

DepthwisePlan DepthwisePlan::backward_data(const ConvShape& s) {
    DepthwisePlan plan{s, s.out, s.in, {}};
    for (std::size_t i = 0; i < 3; ++i) {
        plan.links[i].resize(static_cast<std::size_t>(s.in[i]));
        for (std::int64_t o = 0; o < s.out[i]; ++o)
            for (std::int64_t r = 0; r < s.kernel[i]; ++r) {
                const std::int64_t at = o * s.stride[i] + r * s.dilation[i] - s.pad_lo[i];
                if (at >= 0 && at < s.in[i])
                    plan.links[i][static_cast<std::size_t>(at)].push_back({o, r});
            }
    }
    return plan;
}

double DepthwisePlan::seconds() const {
    // Two loads for each multiply-add: a vector a cycle, and what finding the taps costs.
    const double pixels = static_cast<double>(shape.batch * target[0] * target[1] * target[2]);
    const double vectors =
        static_cast<double>(shape.in_channels) / static_cast<double>(float_lanes()) + 1.0;
    return pixels * static_cast<double>(shape.taps()) * (vectors + 2.0) / 3.2e9;
}

void DepthwisePlan::run(const float* from, const float* filter, float* to, const Epilogue& epilogue,
                        const Parallel& parallel) const {
    HWY_DYNAMIC_DISPATCH(run_depthwise)(*this, from, filter, to, epilogue, parallel);
}

void depthwise_filter_gradient(const ConvShape& shape, const float* x, const float* dy,
                               float* filter_gradient, const Parallel& parallel) {
    HWY_DYNAMIC_DISPATCH(run_depthwise_filter)(shape, x, dy, filter_gradient, parallel);
}

} // namespace lamina::cpu
#endif
