/// Buffers, and the bytes that go to and from them.
#pragma once

#include <deque>
#include <vector>

#include "vk/device.hpp"

namespace lamina::vulkan {

/// One VkBuffer with memory of its own.
struct Buffer {
    uint64_t id = 0; // never used twice, unlike addresses and handles
    uint64_t bytes = 0;
    VkBuffer handle = VK_NULL_HANDLE;
    VkDeviceMemory memory = VK_NULL_HANDLE;
    uint64_t allocation = 0;         // bytes taken on the device
    unsigned char* mapped = nullptr; // NULL where the host cannot see it
};

class Memory {
  public:
    /// limit: bytes, 0 for none.
    Memory(Device&, uint64_t limit);
    ~Memory();
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    /// slot_kind: LM_SLOT_*; inputs are placed where the host can write to them directly.
    Buffer* create(uint64_t bytes, int32_t slot_kind);
    void destroy(Buffer*);

    /// Both return the token after which the caller's memory is free, or filled.
    lm_token write(Buffer&, uint64_t offset, const void* source, uint64_t bytes, lm_token wait);
    lm_token read(Buffer&, uint64_t offset, void* target, uint64_t bytes, lm_token wait);
    /// Waits, then hands over what reads up to this token have brought.
    void wait(lm_token);

    lm_memory_info info() const;

  private:
    /// A staging copy under way.
    struct Transfer {
        lm_token token;
        Buffer staging;
        VkCommandBuffer commands;
        void* target; // of a read; NULL for a write
        uint64_t bytes;
    };

    void place(Buffer&, const std::vector<VkMemoryPropertyFlags>& preferences);
    Buffer make_buffer(uint64_t bytes, const std::vector<VkMemoryPropertyFlags>& preferences);
    void release(Buffer&);
    uint32_t memory_type(uint32_t allowed, VkMemoryPropertyFlags) const;
    Buffer staging(uint64_t bytes, bool for_reading);
    lm_token copy(const Buffer& from, uint64_t from_offset, const Buffer& to, uint64_t to_offset,
                  uint64_t bytes, lm_token wait, Buffer staging_buffer, void* target);
    void collect(bool all);
    std::string out_of_memory(uint64_t bytes) const;
    static void check_range(const Buffer&, uint64_t offset, uint64_t bytes);

    Device& device_;
    uint64_t limit_;
    uint64_t next_id_ = 1;
    uint64_t allocated_ = 0, peak_ = 0;
    std::deque<Transfer> transfers_;
    std::vector<std::pair<Buffer, bool>> spare_; // staging buffers and whether they are for reading
};

} // namespace lamina::vulkan
