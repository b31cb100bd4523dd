#include "vk/device.hpp"

#include <algorithm>

namespace lamina::vulkan {

Device::Device(std::unique_ptr<Instance> instance, DeviceFacts facts, const lm_host* host)
    : instance_(std::move(instance)), facts_(std::move(facts)), host_(host) {
    const float priority = 1.0f;
    auto queue = make<VkDeviceQueueCreateInfo>(VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO);
    queue.queueFamilyIndex = facts_.queue_family;
    queue.queueCount = 1;
    queue.pQueuePriorities = &priority;
    auto features = make<VkPhysicalDeviceVulkan12Features>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES);
    features.timelineSemaphore = VK_TRUE;
    std::vector<const char*> extensions;
    if (facts_.extensions.count(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME) > 0)
        extensions.push_back(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);

    auto info = make<VkDeviceCreateInfo>(VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &features);
    info.queueCreateInfoCount = 1;
    info.pQueueCreateInfos = &queue;
    info.enabledExtensionCount = static_cast<uint32_t>(extensions.size());
    info.ppEnabledExtensionNames = extensions.data();
    check(instance_->api().CreateDevice(facts_.handle, &info, nullptr, &handle_),
          "opening the device");
    api_ = Loader::device(instance_->api(), handle_);
    create();
}

void Device::create() {
    api_.GetDeviceQueue(handle_, facts_.queue_family, 0, &queue_);

    auto pool = make<VkCommandPoolCreateInfo>(VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO);
    pool.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
    pool.queueFamilyIndex = facts_.queue_family;
    check(api_.CreateCommandPool(handle_, &pool, nullptr, &pool_), "creating a command pool");

    auto type = make<VkSemaphoreTypeCreateInfo>(VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
    type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
    const auto semaphore =
        make<VkSemaphoreCreateInfo>(VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &type);
    check(api_.CreateSemaphore(handle_, &semaphore, nullptr, &timeline_), "creating the timeline");
}

Device::~Device() {
    api_.DeviceWaitIdle(handle_);
    api_.DestroySemaphore(handle_, timeline_, nullptr);
    api_.DestroyCommandPool(handle_, pool_, nullptr);
    api_.DestroyDevice(handle_, nullptr);
}

uint64_t Device::budget() const {
    if (facts_.extensions.count(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME) == 0)
        return UINT64_MAX;
    auto budget = make<VkPhysicalDeviceMemoryBudgetPropertiesEXT>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT);
    auto memory = make<VkPhysicalDeviceMemoryProperties2>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2, &budget);
    instance_->api().GetPhysicalDeviceMemoryProperties2(facts_.handle, &memory);
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < facts_.memory.memoryHeapCount; ++i)
        if ((facts_.memory.memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) != 0 &&
            budget.heapBudget[i] > budget.heapUsage[i])
            bytes += budget.heapBudget[i] - budget.heapUsage[i];
    return bytes;
}

uint64_t Device::alignment() const {
    // 16 lets a kernel read four words at a time at the start of any tensor.
    return std::max<uint64_t>(limits().minStorageBufferOffsetAlignment, 16);
}

lm_token Device::submit(VkCommandBuffer commands, lm_token wait) {
    const lm_token signal = last_ + 1;
    auto timeline =
        make<VkTimelineSemaphoreSubmitInfo>(VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
    timeline.waitSemaphoreValueCount = wait != 0 ? 1 : 0;
    timeline.pWaitSemaphoreValues = &wait;
    timeline.signalSemaphoreValueCount = 1;
    timeline.pSignalSemaphoreValues = &signal;
    const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    auto info = make<VkSubmitInfo>(VK_STRUCTURE_TYPE_SUBMIT_INFO, &timeline);
    info.waitSemaphoreCount = timeline.waitSemaphoreValueCount;
    info.pWaitSemaphores = &timeline_;
    info.pWaitDstStageMask = &stage;
    info.commandBufferCount = 1;
    info.pCommandBuffers = &commands;
    info.signalSemaphoreCount = 1;
    info.pSignalSemaphores = &timeline_;
    check(api_.QueueSubmit(queue_, 1, &info, VK_NULL_HANDLE), "submitting to the device");
    return last_ = signal;
}

bool Device::passed(lm_token token) const {
    if (token == 0)
        return true;
    uint64_t value = 0;
    check(api_.GetSemaphoreCounterValue(handle_, timeline_, &value), "reading the timeline");
    return value >= token;
}

void Device::wait(lm_token token) const {
    if (token == 0)
        return;
    if (token > last_)
        plugin::invalid("wait for token " + std::to_string(token) + "; the last one given is " +
                        std::to_string(last_));
    auto info = make<VkSemaphoreWaitInfo>(VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO);
    info.semaphoreCount = 1;
    info.pSemaphores = &timeline_;
    info.pValues = &token;
    check(api_.WaitSemaphores(handle_, &info, UINT64_MAX), "waiting for the device");
}

VkCommandBuffer Device::allocate_commands() const {
    auto info = make<VkCommandBufferAllocateInfo>(VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO);
    info.commandPool = pool_;
    info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    info.commandBufferCount = 1;
    VkCommandBuffer commands = VK_NULL_HANDLE;
    check(api_.AllocateCommandBuffers(handle_, &info, &commands), "allocating a command buffer");
    return commands;
}

void Device::free_commands(VkCommandBuffer commands) const {
    api_.FreeCommandBuffers(handle_, pool_, 1, &commands);
}

void Device::begin(VkCommandBuffer commands, VkCommandBufferUsageFlags flags) const {
    auto info = make<VkCommandBufferBeginInfo>(VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO);
    info.flags = flags;
    check(api_.BeginCommandBuffer(commands, &info), "recording");
}

void Device::barrier(VkCommandBuffer commands, bool to_host) const {
    constexpr VkPipelineStageFlags work =
        VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT;
    auto memory = make<VkMemoryBarrier>(VK_STRUCTURE_TYPE_MEMORY_BARRIER);
    memory.srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    memory.dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT |
                           VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    if (to_host)
        memory.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
    api_.CmdPipelineBarrier(commands, work,
                            to_host ? VkPipelineStageFlags{VK_PIPELINE_STAGE_HOST_BIT} : work, 0, 1,
                            &memory, 0, nullptr, 0, nullptr);
}

} // namespace lamina::vulkan
