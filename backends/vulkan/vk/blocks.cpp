#include "vk/blocks.hpp"

#include <algorithm>
#include <iterator>

namespace lamina::vulkan {

namespace {

// Buffers below an eighth of a block share one: LeNet's or InceptionV3's hundreds of variables fit
// in a few, and at most an eighth of a block is lost at its end. The large ones (arenas, VGG16's
// dense weights) lie alone, so that giving one back frees its memory.
constexpr uint64_t kBlock = uint64_t{16} << 20;
constexpr uint64_t kSmall = kBlock / 8;

constexpr VkMemoryPropertyFlags kMappable =
    VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;

} // namespace

uint64_t FreeList::take(uint64_t bytes, uint64_t alignment) {
    for (auto it = free_.begin(); it != free_.end(); ++it) {
        const auto [begin, length] = *it;
        const uint64_t at = (begin + alignment - 1) / alignment * alignment;
        const uint64_t lost = at - begin;
        if (lost > length || bytes > length - lost)
            continue;
        free_.erase(it);
        if (lost > 0)
            free_.emplace(begin, lost);
        if (length > lost + bytes)
            free_.emplace(at + bytes, length - lost - bytes);
        return at;
    }
    return UINT64_MAX;
}

void FreeList::give_back(uint64_t offset, uint64_t bytes) {
    auto next = free_.lower_bound(offset);
    if (next != free_.begin()) {
        const auto before = std::prev(next);
        if (before->first + before->second == offset) {
            offset = before->first;
            bytes += before->second;
            free_.erase(before);
        }
    }
    if (next != free_.end() && offset + bytes == next->first) {
        bytes += next->second;
        free_.erase(next);
    }
    free_.emplace(offset, bytes);
}

bool FreeList::whole(uint64_t bytes) const {
    return free_.size() == 1 && free_.begin()->second == bytes;
}

Blocks::~Blocks() {
    for (const Block& block : blocks_)
        device_.api().FreeMemory(device_.handle(), block.memory, nullptr);
}

Block* Blocks::allocate(uint32_t type, uint64_t bytes) {
    Block block;
    block.type = type;
    block.bytes = bytes;
    block.free = FreeList(bytes);
    auto info = make<VkMemoryAllocateInfo>(VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO);
    info.allocationSize = bytes;
    info.memoryTypeIndex = type;
    if (device_.api().AllocateMemory(device_.handle(), &info, nullptr, &block.memory) != VK_SUCCESS)
        return nullptr;
    const auto flags = device_.facts().memory.memoryTypes[type].propertyFlags;
    void* address = nullptr;
    if ((flags & kMappable) == kMappable &&
        device_.api().MapMemory(device_.handle(), block.memory, 0, VK_WHOLE_SIZE, 0, &address) ==
            VK_SUCCESS)
        block.mapped = static_cast<unsigned char*>(address);
    blocks_.push_back(block);
    return &blocks_.back();
}

Piece Blocks::take(uint32_t type, uint64_t bytes, uint64_t alignment) {
    if (bytes < kSmall) {
        for (Block& block : blocks_) {
            if (block.type != type || block.bytes != kBlock)
                continue;
            const uint64_t offset = block.free.take(bytes, alignment);
            if (offset != UINT64_MAX)
                return {&block, offset, bytes};
        }
    }
    // Where a whole block does not fit any more, the piece alone may.
    Block* block = bytes < kSmall ? allocate(type, kBlock) : nullptr;
    if (block == nullptr)
        block = allocate(type, bytes);
    if (block == nullptr)
        return {};
    return {block, block->free.take(bytes, alignment), bytes};
}

void Blocks::give_back(const Piece& piece) {
    if (piece.block == nullptr)
        return;
    piece.block->free.give_back(piece.offset, piece.bytes);
    if (!piece.block->free.whole(piece.block->bytes))
        return;
    device_.api().FreeMemory(device_.handle(), piece.block->memory, nullptr);
    blocks_.remove_if([&](const Block& b) { return &b == piece.block; });
}

} // namespace lamina::vulkan
