/// Compute pipelines: one for each shader and set of specialisation constants, made once a device.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "vk/pipeline_cache.hpp"

namespace lamina::vulkan {

struct Pipeline {
    VkPipeline handle = VK_NULL_HANDLE;
    VkPipelineLayout layout = VK_NULL_HANDLE;
    VkDescriptorSetLayout set_layout = VK_NULL_HANDLE;
};

class Pipelines {
  public:
    explicit Pipelines(Device& device) : device_(device), cache_(device) {}
    ~Pipelines();
    Pipelines(const Pipelines&) = delete;
    Pipelines& operator=(const Pipelines&) = delete;

    /// words: the module; its entry is `main`. constants: ids 0, 1, 2, ... in order. bindings:
    /// storage buffers 0 .. n-1 of set 0. push_bytes: of push constants.
    const Pipeline& get(std::span<const uint32_t> words, std::span<const uint32_t> constants,
                        uint32_t bindings, uint32_t push_bytes);

    /// How many were made, not found, since the last settle().
    size_t made() const { return made_; }

    /// Says in the log what the pipelines took since the last call, and keeps them on disk.
    void settle();

  private:
    struct Layout {
        VkDescriptorSetLayout set = VK_NULL_HANDLE;
        VkPipelineLayout layout = VK_NULL_HANDLE;
    };
    const Layout& layout(uint32_t bindings, uint32_t push_bytes);

    Device& device_;
    PipelineCache cache_;
    size_t made_ = 0;
    double seconds_ = 0;
    std::map<std::pair<uint32_t, uint32_t>, Layout> layouts_;
    std::map<std::vector<uint32_t>, Pipeline> pipelines_;
};

} // namespace lamina::vulkan
