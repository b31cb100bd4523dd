// Plain loops over channels, which the compiler vectorises for each instruction set.

#include "compute/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "compute/pool.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>

#include "compute/pool.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {
namespace {

/// Channels that one task works on: a task's state of them stays in the first cache level.
constexpr std::int64_t channel_block = 256;

struct Window {
    Extent3 begin, end;
    std::int64_t count() const {
        return (end[0] - begin[0]) * (end[1] - begin[1]) * (end[2] - begin[2]);
    }
};

/// Calls f(output pixel, window within the input) in row-major order.
template <class F>
HWY_INLINE void for_each_window(const PoolShape& s, F&& f) {
    std::int64_t pixel = 0;
    Window w{};
    const auto clip = [&](std::size_t i, std::int64_t o) HWY_ATTR {
        const std::int64_t first = o * s.stride[i] - s.pad_lo[i];
        w.begin[i] = std::max<std::int64_t>(first, 0);
        w.end[i] = std::min(first + s.window[i], s.in[i]);
    };
    for (std::int64_t a = 0; a < s.out[0]; ++a) {
        clip(0, a);
        for (std::int64_t b = 0; b < s.out[1]; ++b) {
            clip(1, b);
            for (std::int64_t c = 0; c < s.out[2]; ++c, ++pixel) {
                clip(2, c);
                f(pixel, w);
            }
        }
    }
}

/// Calls f(input pixel) for a window's elements in row-major order.
template <class F>
HWY_INLINE void for_each_tap(const PoolShape& s, const Window& w, F&& f) {
    for (std::int64_t d = w.begin[0]; d < w.end[0]; ++d)
        for (std::int64_t h = w.begin[1]; h < w.end[1]; ++h)
            for (std::int64_t v = w.begin[2]; v < w.end[2]; ++v)
                f((d * s.in[1] + h) * s.in[2] + v);
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

void run_max_pool(const PoolShape& s, const float* x, float* y, const Parallel& parallel) {
    for_each_part(s, parallel,
                  [&](std::int64_t n, std::int64_t first, std::int64_t count) HWY_ATTR {
                      const float* image = x + n * s.in_pixels() * s.channels + first;
                      float* out = y + n * s.out_pixels() * s.channels + first;
                      for_each_window(s, [&](std::int64_t pixel, const Window& w) HWY_ATTR {
                          float* HWY_RESTRICT best = out + pixel * s.channels;
                          for (std::int64_t c = 0; c < count; ++c)
                              best[c] = -std::numeric_limits<float>::infinity();
                          for_each_tap(s, w, [&](std::int64_t tap) HWY_ATTR {
                              const float* HWY_RESTRICT from = image + tap * s.channels;
                              for (std::int64_t c = 0; c < count; ++c)
                                  best[c] = from[c] <= best[c]   ? best[c]
                                            : best[c] != best[c] ? best[c]
                                                                 : from[c];
                          });
                      });
                  });
}

void run_max_pool_grad(const PoolShape& s, const float* x, const float* y, const float* dy,
                       float* dx, const Parallel& parallel) {
    for_each_part(s, parallel,
                  [&](std::int64_t n, std::int64_t first, std::int64_t count) HWY_ATTR {
                      const float* image = x + n * s.in_pixels() * s.channels + first;
                      float* gradient = dx + n * s.in_pixels() * s.channels + first;
                      const std::int64_t target = n * s.out_pixels() * s.channels + first;
                      for (std::int64_t p = 0; p < s.in_pixels(); ++p)
                          for (std::int64_t c = 0; c < count; ++c)
                              gradient[p * s.channels + c] = 0.0f;
                      float left[channel_block]; // what of dy has not found its element yet
                      for_each_window(s, [&](std::int64_t pixel, const Window& w) HWY_ATTR {
                          const float* HWY_RESTRICT best = y + target + pixel * s.channels;
                          const float* HWY_RESTRICT from = dy + target + pixel * s.channels;
                          int waiting[channel_block];
                          for (std::int64_t c = 0; c < count; ++c) {
                              left[c] = from[c];
                              waiting[c] = 1;
                          }
                          for_each_tap(s, w, [&](std::int64_t tap) HWY_ATTR {
                              const float* HWY_RESTRICT at = image + tap * s.channels;
                              float* HWY_RESTRICT to = gradient + tap * s.channels;
                              for (std::int64_t c = 0; c < count; ++c) {
                                  const int equal = (at[c] == best[c]) |
                                                    ((at[c] != at[c]) & (best[c] != best[c]));
                                  const int hit = equal & waiting[c];
                                  to[c] += hit ? left[c] : 0.0f;
                                  waiting[c] &= ~hit;
                              }
                          });
                      });
                  });
}

void run_avg_pool(const PoolShape& s, const float* x, float* y, const Parallel& parallel) {
    for_each_part(s, parallel,
                  [&](std::int64_t n, std::int64_t first, std::int64_t count) HWY_ATTR {
                      const float* image = x + n * s.in_pixels() * s.channels + first;
                      float* out = y + n * s.out_pixels() * s.channels + first;
                      for_each_window(s, [&](std::int64_t pixel, const Window& w) HWY_ATTR {
                          // Global pools sum thousands of elements: in double, so that none is
                          // lost.
                          double sum[channel_block] = {};
                          for_each_tap(s, w, [&](std::int64_t tap) HWY_ATTR {
                              const float* HWY_RESTRICT from = image + tap * s.channels;
                              for (std::int64_t c = 0; c < count; ++c)
                                  sum[c] += static_cast<double>(from[c]);
                          });
                          const auto elements = static_cast<double>(w.count());
                          for (std::int64_t c = 0; c < count; ++c)
                              out[pixel * s.channels + c] = static_cast<float>(sum[c] / elements);
                      });
                  });
}

void run_avg_pool_grad(const PoolShape& s, const float* dy, float* dx, const Parallel& parallel) {
    for_each_part(s, parallel,
                  [&](std::int64_t n, std::int64_t first, std::int64_t count) HWY_ATTR {
                      float* gradient = dx + n * s.in_pixels() * s.channels + first;
                      const float* from = dy + n * s.out_pixels() * s.channels + first;
                      for (std::int64_t p = 0; p < s.in_pixels(); ++p)
                          for (std::int64_t c = 0; c < count; ++c)
                              gradient[p * s.channels + c] = 0.0f;
                      for_each_window(s, [&](std::int64_t pixel, const Window& w) HWY_ATTR {
                          float share[channel_block];
                          const auto elements = static_cast<float>(w.count());
                          for (std::int64_t c = 0; c < count; ++c)
                              share[c] = from[pixel * s.channels + c] / elements;
                          for_each_tap(s, w, [&](std::int64_t tap) HWY_ATTR {
                              float* HWY_RESTRICT to = gradient + tap * s.channels;
                              for (std::int64_t c = 0; c < count; ++c)
                                  to[c] += share[c];
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
