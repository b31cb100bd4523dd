/// Buffers, and the bytes that go to and from them.
#pragma once

#include <deque>
#include <memory_resource>
#include <optional>
#include <vector>

#include "vk/blocks.hpp"

namespace lamina::vulkan {

/// One VkBuffer and the memory behind it.
struct Buffer {
    uint64_t id = 0; // never used twice, unlike addresses and handles
    uint64_t bytes = 0;
    VkBuffer handle = VK_NULL_HANDLE;
    Piece piece;
    unsigned char* mapped = nullptr; // NULL where the host must not touch it
};

class Memory {
  public:
    explicit Memory(Device&);
    /// How many buffers are gone: as long as it stays, a buffer's address means that buffer.
    uint64_t destroyed() const { return destroyed_; }
    ~Memory();
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;

    /// slot_kind: LM_SLOT_*; inputs are placed where the host can write to them directly, small
    /// outputs where it can read.
    Buffer* create(uint64_t bytes, int32_t slot_kind);
    /// Waits for what may still use the buffer.
    void destroy(Buffer*);

    /// Both return the token after which the caller's memory is free, or filled. Copies that begin
    /// after the same token are gathered, and start with flush().
    lm_token write(Buffer&, uint64_t offset, const void* source, uint64_t bytes, lm_token wait);
    lm_token read(Buffer&, uint64_t offset, void* target, uint64_t bytes, lm_token wait);
    /// Starts the copies gathered so far: before a program is submitted that may wait for them.
    void flush();
    /// Waits, then hands over what reads up to this token have brought.
    void wait(lm_token);

    lm_memory_info info() const;

  private:
    /// A copy through a staging buffer.
    struct Copy {
        Buffer staging;
        void* target; // of a read; NULL for a write
        uint64_t bytes;
    };
    /// Copies of one submission.
    struct Batch {
        lm_token token;
        lm_token wait;
        VkCommandBuffer commands;
        std::vector<Copy> copies;
        std::vector<uint64_t> touched; // buffers, by id
    };

    /// Whether the host touches the bytes itself: never, where its caches help, wherever it can.
    enum class HostAccess : uint8_t { never, cached, always };

    Piece place(VkBuffer, const std::vector<VkMemoryPropertyFlags>& preferences);
    Buffer make_buffer(uint64_t bytes, const std::vector<VkMemoryPropertyFlags>& preferences,
                       HostAccess);
    void release(Buffer&);
    uint32_t memory_type(uint32_t allowed, VkMemoryPropertyFlags) const;
    Buffer staging(uint64_t bytes, bool for_reading);
    lm_token copy(const Buffer& from, uint64_t from_offset, const Buffer& to, uint64_t to_offset,
                  const Buffer& device_side, lm_token wait, Copy);
    void begin_batch(lm_token wait);
    void finish(Batch&, bool hand_over);
    void collect();
    std::string out_of_memory(uint64_t bytes) const;
    static void check_range(const Buffer&, uint64_t offset, uint64_t bytes);

    Device& device_;
    Blocks blocks_;
    std::pmr::unsynchronized_pool_resource pool_; // of Buffer: side by side, for every step
    uint64_t limit_;
    uint64_t next_id_ = 1;
    uint64_t destroyed_ = 0;
    uint64_t allocated_ = 0, peak_ = 0;
    std::optional<Batch> open_; // being gathered
    std::deque<Batch> under_way_;
    std::vector<std::pair<Buffer, bool>> spare_; // staging buffers and whether they are for reading
};

} // namespace lamina::vulkan
