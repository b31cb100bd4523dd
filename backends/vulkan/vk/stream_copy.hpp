/// Copies into memory that a device reads next.
#pragma once

#include <cstddef>
#include <cstdint>

namespace lamina::vulkan {

/// memcpy that leaves the host's caches alone: mapped device memory is often write-combined, and
/// where it is not, each line that is written would be fetched first. Other threads and the device
/// see all of it afterwards.
void stream_copy(void* target, const void* source, uint64_t bytes);

} // namespace lamina::vulkan
