/// A logical device with its one compute queue and its timeline.
#pragma once

#include <memory>

#include "vk/instance.hpp"

namespace lamina::vulkan {

class Device {
  public:
    Device(std::unique_ptr<Instance>, DeviceFacts, const lm_host*);
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    const DeviceApi& api() const { return api_; }
    VkDevice handle() const { return handle_; }
    const DeviceFacts& facts() const { return facts_; }
    const VkPhysicalDeviceLimits& limits() const { return facts_.limits; }
    const lm_host* host() const { return host_; }
    VkCommandPool command_pool() const { return pool_; }
    /// What the driver says is free in the device's own heaps now (VK_EXT_memory_budget), or
    /// UINT64_MAX where it does not say.
    uint64_t budget() const;

    /// Of offsets into storage buffers, and of what the engine plans.
    uint64_t alignment() const;

    // The timeline: every submission raises the semaphore to the next value when it ends.
    lm_token submit(VkCommandBuffer, lm_token wait);
    bool passed(lm_token) const;
    void wait(lm_token) const;

    VkCommandBuffer allocate_commands() const;
    void free_commands(VkCommandBuffer) const;
    void begin(VkCommandBuffer, VkCommandBufferUsageFlags) const;
    /// A full memory barrier: what went before is seen by what follows, the host included.
    void barrier(VkCommandBuffer, bool to_host = false) const;

  private:
    void create();

    std::unique_ptr<Instance> instance_;
    DeviceFacts facts_;
    const lm_host* host_;
    VkDevice handle_ = VK_NULL_HANDLE;
    DeviceApi api_;
    VkQueue queue_ = VK_NULL_HANDLE;
    VkCommandPool pool_ = VK_NULL_HANDLE;
    VkSemaphore timeline_ = VK_NULL_HANDLE;
    lm_token last_ = 0;
};

} // namespace lamina::vulkan
