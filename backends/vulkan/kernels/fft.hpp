/// Fourier transforms of images, 8 side by side: [block][d][h][w][8] complex numbers. The shaders
/// are VkFFT's, written and compiled with the tree (cmake/LaminaVkFFT.cmake) for a device with the
/// least limits that Vulkan allows: every device runs them.
#pragma once

#include "kernel.hpp"
#include "lamina/plugin/window.hpp"

namespace lamina::vulkan {

using plugin::Spatial;

constexpr int64_t kFftLanes = 8;

/// The sizes that images of so many dimensions may have, each the same along all of them; the
/// shortest first.
std::vector<Spatial> fft_sizes(int64_t rank);

inline int64_t fft_points(const Spatial& size) { return size[0] * size[1] * size[2]; }
inline int64_t fft_blocks(int64_t images) { return (images + kFftLanes - 1) / kFftLanes; }
inline uint64_t fft_bytes(const Spatial& size, int64_t images) {
    return static_cast<uint64_t>(fft_blocks(images) * kFftLanes * fft_points(size)) * 8;
}

/// Adds the forward transforms of so many images, in place and without a factor.
void dispatch_fft(Step&, const Spatial& size, Operand images, int64_t count);
/// The estimate of their time.
double fft_seconds(const Limits&, const Spatial& size, int64_t images);

/// Half of all frequencies, each followed by its opposite, as points of an image.
std::vector<uint32_t> fft_frequencies(const Spatial& size);

} // namespace lamina::vulkan
