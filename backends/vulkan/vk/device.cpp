#include "vk/device.hpp"

#include <algorithm>

namespace lamina::vulkan {

namespace {

constexpr lm_token kTransferBit = lm_token{1} << 63;

Lane lane_of(lm_token token) {
    return (token & kTransferBit) != 0 ? Lane::transfer : Lane::compute;
}
uint64_t value_of(lm_token token) { return token & ~kTransferBit; }
lm_token token_of(Lane lane, uint64_t value) {
    return value | (lane == Lane::transfer ? kTransferBit : 0);
}

} // namespace

Device::Device(std::unique_ptr<Instance> instance, DeviceFacts facts, const lm_host* host,
               const DeviceOptions& options)
    : instance_(std::move(instance)), facts_(std::move(facts)), host_(host),
      options_(options), families_{facts_.queue_family, facts_.transfer_family} {
    const float priorities[] = {1.0f, 1.0f};
    std::vector<VkDeviceQueueCreateInfo> queues;
    for (const uint32_t family : this->families()) {
        auto queue = make<VkDeviceQueueCreateInfo>(VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO);
        queue.queueFamilyIndex = family;
        queue.queueCount = family == facts_.transfer_family ? facts_.transfer_queue + 1 : 1;
        queue.pQueuePriorities = priorities;
        queues.push_back(queue);
    }
    auto features = make<VkPhysicalDeviceVulkan12Features>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_1_2_FEATURES);
    features.timelineSemaphore = VK_TRUE;
    std::vector<const char*> extensions;
    auto nv = make<VkPhysicalDeviceCooperativeMatrixFeaturesNV>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_NV);
    auto khr = make<khr::CooperativeMatrixFeatures>(khr::kFeaturesType);
    auto sizes = make<VkPhysicalDeviceSubgroupSizeControlFeaturesEXT>(
        VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES_EXT);
    nv.cooperativeMatrix = khr.cooperativeMatrix = VK_TRUE;
    sizes.subgroupSizeControl = sizes.computeFullSubgroups = VK_TRUE;
    if (options_.cooperative_matrix) {
        const CooperativeMatrix& matrix = facts_.cooperative_matrix;
        if (!matrix)
            plugin::unsupported("cooperative_matrix=true: " + facts_.name +
                                " offers no products of small matrices of f16 with sums in f32 "
                                "(VK_KHR_cooperative_matrix, VK_NV_cooperative_matrix)");
        features.shaderFloat16 = features.vulkanMemoryModel = VK_TRUE;
        features.pNext = matrix.api == CooperativeApi::khr ? static_cast<void*>(&khr) : &nv;
        extensions.push_back(matrix.extension());
        if (matrix.requires_subgroup_size) {
            sizes.pNext = features.pNext;
            features.pNext = &sizes;
            extensions.push_back(VK_EXT_SUBGROUP_SIZE_CONTROL_EXTENSION_NAME);
        }
    }
    if (facts_.extensions.count(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME) > 0)
        extensions.push_back(VK_EXT_MEMORY_BUDGET_EXTENSION_NAME);

    auto info = make<VkDeviceCreateInfo>(VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO, &features);
    info.queueCreateInfoCount = static_cast<uint32_t>(queues.size());
    info.pQueueCreateInfos = queues.data();
    info.enabledExtensionCount = static_cast<uint32_t>(extensions.size());
    info.ppEnabledExtensionNames = extensions.data();
    check(instance_->api().CreateDevice(facts_.handle, &info, nullptr, &handle_),
          "opening the device");
    api_ = Loader::device(instance_->api(), handle_);
    create(timeline(Lane::compute), facts_.queue_family, 0);
    create(timeline(Lane::transfer), facts_.transfer_family, facts_.transfer_queue);
}

void Device::create(Timeline& t, uint32_t family, uint32_t index) {
    t.family = family;
    api_.GetDeviceQueue(handle_, family, index, &t.queue);

    auto pool = make<VkCommandPoolCreateInfo>(VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO);
    pool.flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT;
    pool.queueFamilyIndex = family;
    check(api_.CreateCommandPool(handle_, &pool, nullptr, &t.pool), "creating a command pool");
}

void Device::create_semaphore(Timeline& t) {
    auto type = make<VkSemaphoreTypeCreateInfo>(VK_STRUCTURE_TYPE_SEMAPHORE_TYPE_CREATE_INFO);
    type.semaphoreType = VK_SEMAPHORE_TYPE_TIMELINE;
    const auto semaphore =
        make<VkSemaphoreCreateInfo>(VK_STRUCTURE_TYPE_SEMAPHORE_CREATE_INFO, &type);
    check(api_.CreateSemaphore(handle_, &semaphore, nullptr, &t.semaphore),
          "creating the timeline");
}

Device::~Device() {
    wait_idle();
    for (const Timeline& t : timelines_) {
        api_.DestroySemaphore(handle_, t.semaphore, nullptr);
        api_.DestroyCommandPool(handle_, t.pool, nullptr);
    }
    api_.DestroyDevice(handle_, nullptr);
}

std::span<const uint32_t> Device::families() const {
    return std::span(families_).first(families_[0] == families_[1] ? 1 : 2);
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

lm_token Device::submit(Lane lane, VkCommandBuffer commands, lm_token wait,
                        std::shared_ptr<const std::string> what) {
    if (!lost_.empty())
        throw plugin::Error(LM_DEVICE_LOST, lost_);
    Timeline& t = timeline(lane);
    const uint64_t signal = t.last + 1;
    if (what != nullptr) {
        while (!running_.empty() && running_.front().value <= t.known)
            running_.pop_front();
        running_.push_back({signal, std::move(what)});
        if (++submissions_ == options_.lose_at) {
            wait_idle();
            report_lost("submitting to the device");
        }
    }
    if (t.semaphore == VK_NULL_HANDLE)
        create_semaphore(t);
    // Submissions to one lane are in order as it is.
    const bool waits = wait != 0 && lane_of(wait) != lane;
    const uint64_t awaited = value_of(wait);
    auto values =
        make<VkTimelineSemaphoreSubmitInfo>(VK_STRUCTURE_TYPE_TIMELINE_SEMAPHORE_SUBMIT_INFO);
    values.waitSemaphoreValueCount = waits ? 1 : 0;
    values.pWaitSemaphoreValues = &awaited;
    values.signalSemaphoreValueCount = 1;
    values.pSignalSemaphoreValues = &signal;
    const VkPipelineStageFlags stage = VK_PIPELINE_STAGE_ALL_COMMANDS_BIT;
    auto info = make<VkSubmitInfo>(VK_STRUCTURE_TYPE_SUBMIT_INFO, &values);
    info.waitSemaphoreCount = values.waitSemaphoreValueCount;
    info.pWaitSemaphores = &timeline(lane_of(wait)).semaphore;
    info.pWaitDstStageMask = &stage;
    info.commandBufferCount = 1;
    info.pCommandBuffers = &commands;
    info.signalSemaphoreCount = 1;
    info.pSignalSemaphores = &t.semaphore;
    check_alive(api_.QueueSubmit(t.queue, 1, &info, VK_NULL_HANDLE), "submitting to the device");
    t.last = signal;
    return token_of(lane, signal);
}

lm_token Device::next(Lane lane) const { return token_of(lane, timeline(lane).last + 1); }

bool Device::passed(lm_token token) const {
    const Timeline& t = timeline(lane_of(token));
    // Beyond the last: gathered, and not submitted yet.
    if (value_of(token) > t.known && value_of(token) <= t.last)
        check_alive(api_.GetSemaphoreCounterValue(handle_, t.semaphore, &t.known),
                    "reading the timeline");
    return value_of(token) <= t.known;
}

void Device::wait(lm_token token) const {
    const Timeline& t = timeline(lane_of(token));
    const uint64_t value = value_of(token);
    if (value <= t.known)
        return;
    if (value > t.last)
        plugin::invalid("wait for token " + std::to_string(value) + "; the last one given is " +
                        std::to_string(t.last));
    if (!lost_.empty())
        throw plugin::Error(LM_DEVICE_LOST, lost_);
    auto info = make<VkSemaphoreWaitInfo>(VK_STRUCTURE_TYPE_SEMAPHORE_WAIT_INFO);
    info.semaphoreCount = 1;
    info.pSemaphores = &t.semaphore;
    info.pValues = &value;
    check_alive(api_.WaitSemaphores(handle_, &info, UINT64_MAX), "waiting for the device");
    t.known = value;
}

void Device::wait_idle() const noexcept {
    // RADV without a card makes pipelines, but has no queue that could be waited for.
    const bool used = std::any_of(timelines_.begin(), timelines_.end(),
                                  [](const Timeline& t) { return t.last > 0; });
    if (used)
        api_.DeviceWaitIdle(handle_);
}

void Device::check_alive(VkResult result, const char* doing) const {
    if (result == VK_ERROR_DEVICE_LOST)
        report_lost(doing);
    check(result, doing);
}

void Device::report_lost(const char* doing) const {
    const Timeline& t = timeline(Lane::compute);
    uint64_t value = 0; // a lost device may answer anything
    if (t.semaphore != VK_NULL_HANDLE &&
        api_.GetSemaphoreCounterValue(handle_, t.semaphore, &value) == VK_SUCCESS &&
        value <= t.last)
        t.known = std::max(t.known, value);
    const auto at = std::find_if(running_.begin(), running_.end(),
                                 [&](const Running& r) { return r.value > t.known; });
    lost_ = std::string("the device was lost (") + doing + ")" +
            (at != running_.end() ? " in " + *at->what : std::string()) +
            "\n  hint: the driver resets a device that does not answer in time; a smaller batch, or"
            " submission_ms=10 behind --backend vulkan, makes its work shorter";
    throw plugin::Error(LM_DEVICE_LOST, lost_);
}

VkCommandBuffer Device::allocate_commands(Lane lane) const {
    auto info = make<VkCommandBufferAllocateInfo>(VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO);
    info.commandPool = timeline(lane).pool;
    info.level = VK_COMMAND_BUFFER_LEVEL_PRIMARY;
    info.commandBufferCount = 1;
    VkCommandBuffer commands = VK_NULL_HANDLE;
    check(api_.AllocateCommandBuffers(handle_, &info, &commands), "allocating a command buffer");
    return commands;
}

void Device::free_commands(Lane lane, VkCommandBuffer commands) const {
    api_.FreeCommandBuffers(handle_, timeline(lane).pool, 1, &commands);
}

void Device::begin(VkCommandBuffer commands, VkCommandBufferUsageFlags flags) const {
    auto info = make<VkCommandBufferBeginInfo>(VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO);
    info.flags = flags;
    check(api_.BeginCommandBuffer(commands, &info), "recording");
}

void Device::barrier(Lane lane, VkCommandBuffer commands, bool to_host) const {
    // A queue may be able to copy and nothing else.
    const bool compute = lane == Lane::compute;
    VkPipelineStageFlags work = VK_PIPELINE_STAGE_TRANSFER_BIT;
    auto memory = make<VkMemoryBarrier>(VK_STRUCTURE_TYPE_MEMORY_BARRIER);
    memory.srcAccessMask = VK_ACCESS_TRANSFER_WRITE_BIT;
    memory.dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT;
    if (compute) {
        work |= VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT;
        memory.srcAccessMask |= VK_ACCESS_SHADER_WRITE_BIT;
        memory.dstAccessMask |= VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT;
    }
    if (to_host)
        memory.dstAccessMask = VK_ACCESS_HOST_READ_BIT;
    api_.CmdPipelineBarrier(commands, work,
                            to_host ? VkPipelineStageFlags{VK_PIPELINE_STAGE_HOST_BIT} : work, 0, 1,
                            &memory, 0, nullptr, 0, nullptr);
}

} // namespace lamina::vulkan
