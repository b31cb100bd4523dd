#include "compute/region.hpp"

#include <algorithm>
#include <cstring>

namespace lamina::cpu {
namespace {

void zero(float* to, std::int64_t count) {
    std::memset(to, 0, static_cast<std::size_t>(count) * sizeof(float));
}

void copy(float* to, const float* from, std::int64_t count) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * sizeof(float));
}

} // namespace

void copy_region(const GatherPlan& plan, const Extent3& extent, std::int64_t pixel_stride,
                 const float* image, std::int64_t depth, std::int64_t first_line,
                 std::int64_t lines, float* region) {
    const Gather& g = plan.gather;
    const std::int64_t channels = plan.source_channels;
    const std::int64_t used = (lines - 1) * g.step[1] + 1 +
                              (g.taps[1].empty() ? 0 : g.taps[1].back().offset - plan.low[1]);
    const std::int64_t before = std::clamp<std::int64_t>(-plan.low[2], 0, extent[2]);
    const std::int64_t from_w = std::max<std::int64_t>(plan.low[2], 0);
    const std::int64_t inside =
        std::max<std::int64_t>(0, std::min(extent[2] - before, g.source[2] - from_w));
    for (std::size_t t = 0; t < g.taps[0].size(); ++t) {
        const std::int64_t d = depth * g.step[0] + g.taps[0][t].offset;
        for (std::int64_t line = 0; line < used; ++line) {
            const std::int64_t h = first_line * g.step[1] + line + plan.low[1];
            float* to = region + (static_cast<std::int64_t>(t) * extent[1] + line) * extent[2] *
                                     pixel_stride;
            if (d < 0 || d >= g.source[0] || h < 0 || h >= g.source[1]) {
                zero(to, extent[2] * pixel_stride);
                continue;
            }
            const float* from = image + ((d * g.source[1] + h) * g.source[2] + from_w) * channels;
            zero(to, before * pixel_stride);
            to += before * pixel_stride;
            if (pixel_stride == channels)
                copy(to, from, inside * channels);
            else
                for (std::int64_t w = 0; w < inside; ++w)
                    copy(to + w * pixel_stride, from + w * channels, channels);
            zero(to + inside * pixel_stride, (extent[2] - before - inside) * pixel_stride);
        }
    }
}

} // namespace lamina::cpu
