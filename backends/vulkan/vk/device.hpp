/// A logical device with its queues and their timelines.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <span>
#include <string>

#include "vk/instance.hpp"

namespace lamina::vulkan {

/// Programs run on one lane, copies between host and device on the other: on a queue of its own
/// where the device has one, so that the next batch's upload overlaps the running step.
enum class Lane : uint8_t { compute, transfer };

struct DeviceOptions {
    uint64_t memory_limit = 0;       // bytes; 0: none
    double submission_seconds = 0;   // a submission's longest estimated time; 0: the device's own
    bool cooperative_matrix = false; // use such products where facts have them
    bool without_work = false;       // measurements: all of a program but its dispatches
    uint64_t lose_at = 0; // tests: this submission of a program loses the device; 0: none
};

class Device {
  public:
    Device(std::unique_ptr<Instance>, DeviceFacts, const lm_host*, const DeviceOptions&);
    ~Device();
    Device(const Device&) = delete;
    Device& operator=(const Device&) = delete;

    const DeviceApi& api() const { return api_; }
    VkDevice handle() const { return handle_; }
    const DeviceFacts& facts() const { return facts_; }
    const DeviceOptions& options() const { return options_; }
    const VkPhysicalDeviceLimits& limits() const { return facts_.limits; }
    const lm_host* host() const { return host_; }
    /// What the driver says is free in the device's own heaps now (VK_EXT_memory_budget), or
    /// UINT64_MAX where it does not say.
    uint64_t budget() const;
    /// The queue families that buffers are used by: one, or two.
    std::span<const uint32_t> families() const;

    /// Of offsets into storage buffers, and of what the engine plans.
    uint64_t alignment() const;

    // Timelines: every submission raises its lane's semaphore to the next value when it ends. A
    // token is such a value; the transfer lane's have the highest bit set.

    /// Starts when `wait`, a token of either lane, has passed; work of one lane starts in the order
    /// of submission. what: says in a report of a lost device what was running; may be NULL.
    lm_token submit(Lane, VkCommandBuffer, lm_token wait,
                    std::shared_ptr<const std::string> what = nullptr);
    /// The token of the lane's next submission.
    lm_token next(Lane) const;
    bool passed(lm_token) const;
    void wait(lm_token) const;
    /// Until nothing runs, or the device is lost.
    void wait_idle() const noexcept;

    VkCommandBuffer allocate_commands(Lane) const;
    void free_commands(Lane, VkCommandBuffer) const;
    void begin(VkCommandBuffer, VkCommandBufferUsageFlags) const;
    /// A full memory barrier: what went before is seen by what follows, the host included.
    void barrier(Lane, VkCommandBuffer, bool to_host = false) const;

  private:
    struct Timeline {
        uint32_t family = 0;
        VkQueue queue = VK_NULL_HANDLE;
        VkCommandPool pool = VK_NULL_HANDLE;
        VkSemaphore semaphore = VK_NULL_HANDLE;
        uint64_t last = 0;          // value of the latest submission
        mutable uint64_t known = 0; // known to have passed
    };
    struct Running {
        uint64_t value; // on the compute lane's timeline
        std::shared_ptr<const std::string> what;
    };

    const Timeline& timeline(Lane lane) const { return timelines_[static_cast<size_t>(lane)]; }
    Timeline& timeline(Lane lane) { return timelines_[static_cast<size_t>(lane)]; }
    void create(Timeline&, uint32_t family, uint32_t index);
    /// With the first submission: RADV without a card makes pipelines, but no semaphores.
    void create_semaphore(Timeline&);
    /// As check(); a lost device is reported with what it was doing, now and ever after.
    void check_alive(VkResult, const char* doing) const;
    [[noreturn]] void report_lost(const char* doing) const;

    std::unique_ptr<Instance> instance_;
    DeviceFacts facts_;
    const lm_host* host_;
    DeviceOptions options_;
    VkDevice handle_ = VK_NULL_HANDLE;
    DeviceApi api_;
    std::array<Timeline, 2> timelines_;
    std::array<uint32_t, 2> families_{};
    mutable std::deque<Running> running_; // programs that may not have ended, the oldest first
    mutable std::string lost_;            // why the device is lost; empty: it is not
    uint64_t submissions_ = 0;            // of programs
};

} // namespace lamina::vulkan
