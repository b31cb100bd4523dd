#pragma once

#include "bench.hpp"

namespace lamina::test {

/// One Vulkan device for all tests of this program, validation layers on where they are installed.
BackendUnderTest& vulkan();
/// The same with every limit clamped to the least that Vulkan allows, and no buffer mapped.
BackendUnderTest& least_vulkan();

} // namespace lamina::test
