/// A program: dispatches made once, recorded once for each set of buffers, submitted many times, in
/// parts that are short enough for any driver's patience.
#pragma once

#include <list>
#include <memory>
#include <set>
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
    /// Dispatches of one submission.
    struct Part {
        size_t begin = 0, end = 0;
        std::shared_ptr<const std::string> what; // "steps 1 to 12 of ...", for messages
    };
    struct Recording {
        std::vector<lm_buffer*> addresses; // of its buffers, by slot
        std::vector<uint64_t> buffer_ids;
        uint64_t destroyed = 0; // Memory::destroyed() when the addresses were known to be theirs
        std::vector<VkCommandBuffer> commands; // one a part
        VkDescriptorPool pool = VK_NULL_HANDLE;
    };

    double add_step(const lm_program_desc&, uint32_t index);
    void cut(const lm_program_desc&, std::span<const double> step_seconds);
    std::string part_name(const lm_program_desc&, const Part&, size_t number, size_t count) const;
    Recording record(lm_buffer* const* buffers, VkQueryPool timestamps);
    void record_part(const Part&, VkCommandBuffer, Recording&, std::span<const VkBuffer>,
                     VkQueryPool timestamps, uint32_t& timed);
    lm_token submit(Recording&, lm_token wait);
    VkDescriptorPool make_pool() const;
    VkDescriptorSet make_set(VkDescriptorPool, const Dispatch&,
                             std::span<const VkBuffer> buffers) const;
    void release(Recording&) const noexcept;
    bool is_of(Recording&, lm_buffer* const* buffers) const;

    OpenDevice& device_;
    std::string name_;
    std::vector<uint64_t> slot_bytes_;
    std::set<uint32_t> tables_; // of the device, that the dispatches read
    uint32_t n_steps_ = 0;
    std::vector<Dispatch> dispatches_;
    std::vector<Part> parts_;
    std::list<Recording> recordings_; // the last used first
};

} // namespace lamina::vulkan
