/// The driver's cache of compiled pipelines, kept on disk between runs.
#pragma once

#include "vk/cache_file.hpp"
#include "vk/device.hpp"

namespace lamina::vulkan {

class PipelineCache {
  public:
    /// Reads what an earlier run left for this device, driver and version of Lamina.
    explicit PipelineCache(const Device&);
    ~PipelineCache();
    PipelineCache(const PipelineCache&) = delete;
    PipelineCache& operator=(const PipelineCache&) = delete;

    VkPipelineCache handle() const { return handle_; }
    size_t bytes_read() const { return bytes_read_; }

    /// Writes the file, if the driver has anything to keep and a cache folder is there.
    void save() const;

  private:
    const Device& device_;
    std::filesystem::path path_; // empty: kept in memory alone
    CacheKey key_;
    VkPipelineCache handle_ = VK_NULL_HANDLE;
    size_t bytes_read_ = 0;
};

} // namespace lamina::vulkan
