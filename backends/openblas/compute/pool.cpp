// Loops over windows, within them over channels.

#include "compute/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "compute/pool.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "compute/pool.hpp"
#include "compute/vectors-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {
namespace {

namespace hn = hwy::HWY_NAMESPACE;
using Float = hn::ScalableTag<float>;

/// Channels that one task works on: a task's state of them stays in the first cache level.
constexpr std::int64_t channel_block = 256;

/// The input pixels of each output's window, in row-major order.
class Taps {
  public:
    explicit Taps(const PoolShape& s) : s_(s) {
        list(Extent3{}, s.window, whole_);
        clipped_.reserve(whole_.size());
    }

    /// Calls f(output pixel, first tap's pixel, the taps' distances from it) in row-major order.
    template <class F>
    HWY_INLINE void for_each_window(F&& f) {
        for_each_window(0, s_.out[0] * s_.out[1], f);
    }

    /// The same for the windows of some lines of the output.
    template <class F>
    HWY_INLINE void for_each_window(std::int64_t first_line, std::int64_t end_line, F&& f) {
        std::int64_t pixel = first_line * s_.out[2];
        Extent3 begin, end;
        bool whole[3];
        const auto clip = [&](std::size_t i, std::int64_t o) HWY_ATTR {
            const std::int64_t first = o * s_.stride[i] - s_.pad_lo[i];
            begin[i] = std::max<std::int64_t>(first, 0);
            end[i] = std::min(first + s_.window[i], s_.in[i]);
            whole[i] = end[i] - begin[i] == s_.window[i];
        };
        for (std::int64_t line = first_line; line < end_line; ++line) {
            clip(0, line / s_.out[1]);
            clip(1, line % s_.out[1]);
            for (std::int64_t c = 0; c < s_.out[2]; ++c, ++pixel) {
                clip(2, c);
                if (whole[0] && whole[1] && whole[2]) {
                    f(pixel, (begin[0] * s_.in[1] + begin[1]) * s_.in[2] + begin[2], whole_);
                } else {
                    list(begin, end, clipped_);
                    f(pixel, std::int64_t{0}, clipped_);
                }
            }
        }
    }

    /// Whether no input pixel is in two windows.
    bool apart() const {
        return s_.stride[0] >= s_.window[0] && s_.stride[1] >= s_.window[1] &&
               s_.stride[2] >= s_.window[2];
    }

    /// Whether every input pixel is in exactly one window.
    bool tile() const {
        const auto tiles = [&](std::size_t i) HWY_ATTR {
            return s_.stride[i] == s_.window[i] && s_.pad_lo[i] == 0 &&
                   s_.out[i] * s_.stride[i] >= s_.in[i];
        };
        return tiles(0) && tiles(1) && tiles(2);
    }

  private:
    void list(const Extent3& begin, const Extent3& end, std::vector<std::int64_t>& taps) const {
        taps.clear();
        for (std::int64_t d = begin[0]; d < end[0]; ++d)
            for (std::int64_t h = begin[1]; h < end[1]; ++h)
                for (std::int64_t v = begin[2]; v < end[2]; ++v)
                    taps.push_back((d * s_.in[1] + h) * s_.in[2] + v);
    }

    const PoolShape& s_;
    std::vector<std::int64_t> whole_, clipped_;
};

void clear(const PoolShape& s, float* image, std::int64_t channels) {
    for (std::int64_t p = 0; p < s.in_pixels(); ++p)
        std::fill_n(image + p * s.channels, channels, 0.0f);
}

/// Calls f(image, first channel, channels) in parallel.
template <class F>
void for_each_part(const PoolShape& s, const Parallel& parallel, F&& f) {
    const std::int64_t parts = (s.channels + channel_block - 1) / channel_block;
    const std::int64_t work = s.in_pixels() * std::min(s.channels, channel_block);
    const std::int64_t grain = std::max<std::int64_t>(1, 8192 / std::max<std::int64_t>(1, work));
    parallel.range(s.images * parts, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t first = i % parts * channel_block;
            f(i / parts, first, std::min(channel_block, s.channels - first));
        }
    });
}

/// Calls f(window's first tap, channels, the taps' distances from it, output) for every window of
/// some channels. In parallel over lines of the output too: a task reads some 8192 elements.
template <class F>
void reduce_windows(const PoolShape& s, const float* x, float* y, const Parallel& parallel, F&& f) {
    const std::int64_t lines = s.out[0] * s.out[1];
    const std::int64_t parts = (s.channels + channel_block - 1) / channel_block;
    const std::int64_t of_a_line =
        std::max<std::int64_t>(1, s.in_pixels() * std::min(s.channels, channel_block) / lines);
    const std::int64_t band = std::clamp<std::int64_t>(8192 / of_a_line, 1, lines);
    const std::int64_t bands = (lines + band - 1) / band;
    const std::int64_t grain = std::max<std::int64_t>(1, 8192 / (of_a_line * band));
    parallel.range(s.images * parts * bands, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i) {
            const std::int64_t n = i / bands / parts, line = i % bands * band;
            const std::int64_t first = i / bands % parts * channel_block;
            const std::int64_t count = std::min(channel_block, s.channels - first);
            const float* image = x + n * s.in_pixels() * s.channels + first;
            float* out = y + n * s.out_pixels() * s.channels + first;
            Taps(s).for_each_window(
                line, std::min(line + band, lines),
                [&](std::int64_t pixel, std::int64_t origin, const std::vector<std::int64_t>& taps)
                    HWY_ATTR {
                        f(image + origin * s.channels, count, taps, out + pixel * s.channels);
                    });
        }
    });
}

void run_max_pool(const PoolShape& s, const float* x, float* y, const Parallel& parallel) {
    reduce_windows(s, x, y, parallel,
                   [&](const float* window, std::int64_t count,
                       const std::vector<std::int64_t>& taps, float* to) HWY_ATTR {
                       for_each_vector(Float(), 0, count, [&](auto d, std::int64_t c) HWY_ATTR {
                           auto best = hn::Set(d, -std::numeric_limits<float>::infinity());
                           for (const std::int64_t tap : taps) {
                               const auto v = hn::LoadU(d, window + tap * s.channels + c);
                               best = hn::IfThenElse(hn::Or(hn::Le(v, best), hn::IsNaN(best)), best,
                                                     v);
                           }
                           hn::StoreU(best, d, to + c);
                       });
                   });
}

enum class Windows { overlap, apart, tile };

template <Windows kWindows>
HWY_INLINE void max_pool_grad_of(const PoolShape& s, const float* x, const float* y,
                                 const float* dy, float* dx, const Parallel& parallel) {
    for_each_part(
        s, parallel, [&](std::int64_t n, std::int64_t first, std::int64_t count) HWY_ATTR {
            const float* image = x + n * s.in_pixels() * s.channels + first;
            float* gradient = dx + n * s.in_pixels() * s.channels + first;
            const std::int64_t target = n * s.out_pixels() * s.channels + first;
            if (kWindows != Windows::tile)
                clear(s, gradient, count);
            Taps(s).for_each_window([&](std::int64_t pixel, std::int64_t origin,
                                        const std::vector<std::int64_t>& taps) HWY_ATTR {
                const float* window = image + origin * s.channels;
                float* to = gradient + origin * s.channels;
                const std::int64_t at = target + pixel * s.channels;
                for_each_vector(Float(), 0, count, [&](auto d, std::int64_t c) HWY_ATTR {
                    const auto best = hn::LoadU(d, y + at + c);
                    const auto is_nan = hn::IsNaN(best);
                    const auto whole = hn::LoadU(d, dy + at + c);
                    auto found = hn::Lt(best, best); // the element that dy goes to: none yet
                    for (const std::int64_t tap : taps) {
                        float* element = to + tap * s.channels + c;
                        const auto v = hn::LoadU(d, window + tap * s.channels + c);
                        const auto equal = hn::Or(hn::Eq(v, best), hn::And(is_nan, hn::IsNaN(v)));
                        const auto share = hn::IfThenElseZero(hn::AndNot(found, equal), whole);
                        found = hn::Or(found, equal);
                        hn::StoreU(kWindows == Windows::overlap
                                       ? hn::Add(hn::LoadU(d, element), share)
                                       : share,
                                   d, element);
                    }
                });
            });
        });
}

void run_max_pool_grad(const PoolShape& s, const float* x, const float* y, const float* dy,
                       float* dx, const Parallel& parallel) {
    const Taps taps(s);
    if (taps.tile())
        max_pool_grad_of<Windows::tile>(s, x, y, dy, dx, parallel);
    else if (taps.apart())
        max_pool_grad_of<Windows::apart>(s, x, y, dy, dx, parallel);
    else
        max_pool_grad_of<Windows::overlap>(s, x, y, dy, dx, parallel);
}

/// The mean of the taps of kVectors vectors of channels. Global pools sum thousands of elements: in
/// double, so that none is lost.
template <int kVectors, class D>
HWY_INLINE void mean_of(D d, const PoolShape& s, const float* window,
                        const std::vector<std::int64_t>& taps, float* to) {
    const hn::Rebind<double, D> wide;
    constexpr auto lanes = static_cast<std::int64_t>(hn::MaxLanes(D()));
    hn::Vec<decltype(wide)> sum[kVectors];
#pragma GCC unroll 4
    for (int i = 0; i < kVectors; ++i)
        sum[i] = hn::Zero(wide);
    for (const std::int64_t tap : taps)
#pragma GCC unroll 4
        for (int i = 0; i < kVectors; ++i)
            sum[i] = hn::Add(
                sum[i], hn::PromoteTo(wide, hn::LoadU(d, window + tap * s.channels + i * lanes)));
    const auto elements = hn::Set(wide, static_cast<double>(taps.size()));
#pragma GCC unroll 4
    for (int i = 0; i < kVectors; ++i)
        hn::StoreU(hn::DemoteTo(d, hn::Div(sum[i], elements)), d, to + i * lanes);
}

void run_avg_pool(const PoolShape& s, const float* x, float* y, const Parallel& parallel) {
    const hn::Half<Float> d; // as many lanes as a vector of double has
    constexpr auto four = static_cast<std::int64_t>(4 * hn::MaxLanes(hn::Half<Float>()));
    reduce_windows(s, x, y, parallel,
                   [&](const float* window, std::int64_t count,
                       const std::vector<std::int64_t>& taps, float* to) HWY_ATTR {
                       std::int64_t c = 0;
                       for (; c + four <= count; c += four)
                           mean_of<4>(d, s, window + c, taps, to + c);
                       for_each_vector(d, c, count, [&](auto part, std::int64_t at) HWY_ATTR {
                           mean_of<1>(part, s, window + at, taps, to + at);
                       });
                   });
}

void run_avg_pool_grad(const PoolShape& s, const float* dy, float* dx, const Parallel& parallel) {
    for_each_part(
        s, parallel, [&](std::int64_t n, std::int64_t first, std::int64_t count) HWY_ATTR {
            float* gradient = dx + n * s.in_pixels() * s.channels + first;
            const float* from = dy + n * s.out_pixels() * s.channels + first;
            clear(s, gradient, count);
            Taps(s).for_each_window([&](std::int64_t pixel, std::int64_t origin,
                                        const std::vector<std::int64_t>& taps) HWY_ATTR {
                float* to = gradient + origin * s.channels;
                const auto elements = static_cast<float>(taps.size());
                for_each_vector(Float(), 0, count, [&](auto d, std::int64_t c) HWY_ATTR {
                    const auto share =
                        hn::Div(hn::LoadU(d, from + pixel * s.channels + c), hn::Set(d, elements));
                    for (const std::int64_t tap : taps) {
                        float* element = to + tap * s.channels + c;
                        hn::StoreU(hn::Add(hn::LoadU(d, element), share), d, element);
                    }
                });
            });
        });
}

} // namespace
} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lamina::cpu {

HWY_EXPORT(run_max_pool);
HWY_EXPORT(run_max_pool_grad);
HWY_EXPORT(run_avg_pool);
HWY_EXPORT(run_avg_pool_grad);

void max_pool(const PoolShape& shape, const float* x, float* y, const Parallel& parallel) {
    HWY_DYNAMIC_DISPATCH(run_max_pool)(shape, x, y, parallel);
}
void max_pool_grad(const PoolShape& shape, const float* x, const float* y, const float* dy,
                   float* dx, const Parallel& parallel) {
    HWY_DYNAMIC_DISPATCH(run_max_pool_grad)(shape, x, y, dy, dx, parallel);
}
void avg_pool(const PoolShape& shape, const float* x, float* y, const Parallel& parallel) {
    HWY_DYNAMIC_DISPATCH(run_avg_pool)(shape, x, y, parallel);
}
void avg_pool_grad(const PoolShape& shape, const float* dy, float* dx, const Parallel& parallel) {
    HWY_DYNAMIC_DISPATCH(run_avg_pool_grad)(shape, dy, dx, parallel);
}

} // namespace lamina::cpu
#endif
