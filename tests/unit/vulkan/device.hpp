#pragma once

#include "bench.hpp"

namespace lamina::test {

/// One Vulkan device for all tests of this program, validation layers on where they are installed.
BackendUnderTest& vulkan();

} // namespace lamina::test
