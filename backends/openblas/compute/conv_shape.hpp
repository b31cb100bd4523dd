#pragma once

// The geometry of a convolution, channels last, always with three spatial dimensions: missing
// leading ones have extent 1.

#include <array>
#include <cstdint>

namespace lamina::cpu {

using Extent3 = std::array<std::int64_t, 3>;

/// x: [batch, in..., in_channels]; filter: [kernel..., in_channels / groups, out_channels];
/// y: [batch, out..., out_channels].
struct ConvShape {
    std::int64_t batch = 1;
    std::int64_t in_channels = 1;
    std::int64_t out_channels = 1;
    std::int64_t groups = 1;
    Extent3 in{1, 1, 1};
    Extent3 out{1, 1, 1};
    Extent3 kernel{1, 1, 1};
    Extent3 stride{1, 1, 1};
    Extent3 dilation{1, 1, 1};
    Extent3 pad_lo{0, 0, 0}; ///< the padding after the end follows from `out`

    std::int64_t group_in() const { return in_channels / groups; }
    std::int64_t group_out() const { return out_channels / groups; }
    std::int64_t in_pixels() const { return in[0] * in[1] * in[2]; }
    std::int64_t out_pixels() const { return out[0] * out[1] * out[2]; }
    std::int64_t taps() const { return kernel[0] * kernel[1] * kernel[2]; }
    std::int64_t x_size() const { return batch * in_pixels() * in_channels; }
    std::int64_t y_size() const { return batch * out_pixels() * out_channels; }
    std::int64_t filter_size() const { return taps() * group_in() * out_channels; }
    /// Multiplications and additions of one pass, as the direct sum counts them.
    double flops() const {
        return 2.0 * static_cast<double>(batch * out_pixels() * taps()) *
               static_cast<double>(group_in() * out_channels);
    }
};

} // namespace lamina::cpu
