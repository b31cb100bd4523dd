/// A program: dispatches made once, recorded once for each set of buffers, submitted many times.
#pragma once

#include <list>
#include <memory>
#include <vector>

#include "kernel.hpp"
#include "vk/memory.hpp"

namespace lamina::vulkan {

class OpenDevice;

/// Which bytes of which buffer the work since the last barrier has touched.
class Hazards {
  public:
    /// True when these accesses must not overlap the earlier ones; then the earlier are forgotten,
    /// since the caller puts a barrier in between.
    bool must_wait(std::span<const Binding>, std::span<const VkBuffer> buffers);

  private:
    struct Range {
        VkBuffer buffer;
        uint64_t begin, end;
        bool write;
    };
    std::vector<Range> ranges_;
};

class Program {
  public:
    Program(OpenDevice&, const lm_program_desc&);
    ~Program();
    Program(const Program&) = delete;
    Program& operator=(const Program&) = delete;

    lm_token submit(lm_buffer* const* buffers, lm_token wait);
    void profile(lm_buffer* const* buffers, double* seconds);

    OpenDevice& device() const { return device_; }

  private:
    struct Recording {
        std::vector<uint64_t> buffer_ids;
        VkCommandBuffer commands = VK_NULL_HANDLE;
        VkDescriptorPool pool = VK_NULL_HANDLE;
        lm_token last = 0;
    };

    void add_step(const lm_program_desc&, uint32_t index);
    Recording record(lm_buffer* const* buffers, VkQueryPool timestamps);
    VkDescriptorPool make_pool() const;
    VkDescriptorSet make_set(VkDescriptorPool, const Dispatch&,
                             std::span<const VkBuffer> buffers) const;
    void release(Recording&) const;

    OpenDevice& device_;
    std::string name_;
    std::vector<uint64_t> slot_bytes_;
    uint32_t n_steps_ = 0;
    std::vector<Dispatch> dispatches_;
    std::list<Recording> recordings_; // the last used first
};

} // namespace lamina::vulkan
