/// Device memory, parcelled out: small buffers share allocations, of which a driver may allow as
/// few as 4,096 (maxMemoryAllocationCount).
#pragma once

#include <list>
#include <map>
#include <memory>

#include "vk/device.hpp"

namespace lamina::vulkan {

/// A range [0, bytes) of which pieces are taken and given back.
class FreeList {
  public:
    explicit FreeList(uint64_t bytes) { free_.emplace(0, bytes); }

    /// The lowest offset where so many bytes fit, or UINT64_MAX. alignment: a power of two.
    uint64_t take(uint64_t bytes, uint64_t alignment);
    void give_back(uint64_t offset, uint64_t bytes);
    /// Nothing is taken of so many bytes.
    bool whole(uint64_t bytes) const;

  private:
    std::map<uint64_t, uint64_t> free_; // offset -> bytes; no two touch
};

/// One VkDeviceMemory.
struct Block {
    VkDeviceMemory memory = VK_NULL_HANDLE;
    uint32_t type = 0;
    uint64_t bytes = 0;
    unsigned char* mapped = nullptr; // NULL where the host cannot see it
    FreeList free{0};
};

/// Where a buffer lies.
struct Piece {
    Block* block = nullptr;
    uint64_t offset = 0, bytes = 0;
};

class Blocks {
  public:
    explicit Blocks(const Device& device) : device_(device) {}
    ~Blocks();
    Blocks(const Blocks&) = delete;
    Blocks& operator=(const Blocks&) = delete;

    /// An empty piece (no block) when the device has no room. Memory of a type that the host sees
    /// is mapped for as long as it lives.
    Piece take(uint32_t type, uint64_t bytes, uint64_t alignment);
    void give_back(const Piece&);

    size_t allocations() const { return blocks_.size(); }

  private:
    Block* allocate(uint32_t type, uint64_t bytes);

    const Device& device_;
    std::list<Block> blocks_;
};

} // namespace lamina::vulkan
