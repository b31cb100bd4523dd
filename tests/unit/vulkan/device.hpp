#pragma once

#include "bench.hpp"

namespace lamina::test {

/// One Vulkan device for all tests of this program, validation layers on where they are installed.
BackendUnderTest& vulkan();
/// The same with every limit clamped to the least that Vulkan allows, and no buffer mapped.
BackendUnderTest& least_vulkan();
/// The least device with a storage range of so many KiB, so that small tensors are beyond it.
BackendUnderTest& narrow_vulkan(int64_t kib);

} // namespace lamina::test
