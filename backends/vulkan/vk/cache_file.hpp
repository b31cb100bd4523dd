/// What a driver keeps of compiled pipelines, in a file between runs.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace lamina::vulkan {

/// Whose pipelines a file holds.
struct CacheKey {
    std::string text; // every identifier of device, driver and Lamina
    // What the driver writes at the head of its own data (VkPipelineCacheHeaderVersionOne).
    uint32_t vendor_id = 0, device_id = 0;
    std::array<uint8_t, 16> cache_uuid{};
};

/// The length of that head: what a driver that keeps nothing hands out.
constexpr size_t kDriverHeader = 32;

/// Beyond this the file is dropped and the next run begins a new one: pipelines of models that are
/// no longer used would otherwise pile up. VGG16's training step takes a few MiB.
constexpr uint64_t kMostCacheBytes = uint64_t{64} << 20;

/// The driver's data, or nothing when there is no file, when it is damaged, or when it belongs to
/// another device, driver or version of Lamina. Never fails.
std::vector<unsigned char> read_cache(const std::filesystem::path&, const CacheKey&);

/// Writes beside the file and renames, so that a reader sees the old file or the new one. False
/// where the folder cannot be written to, or another process is writing just now.
bool write_cache(const std::filesystem::path&, const CacheKey&, std::span<const unsigned char>);

} // namespace lamina::vulkan
