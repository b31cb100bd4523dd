#include "vk/memory.hpp"

#include <algorithm>
#include <cstring>

#include "vk/stream_copy.hpp"

namespace lamina::vulkan {

namespace {

constexpr VkMemoryPropertyFlags kDevice = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
constexpr VkMemoryPropertyFlags kHost =
    VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkMemoryPropertyFlags kCached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;

// Staging buffers that wait for their next use: those of the inputs of a few steps. More are given
// back, and so are large ones (a whole model's weights on their way to a file).
constexpr size_t kSpareStaging = 32;
constexpr uint64_t kLargeStaging = uint64_t{16} << 20;

// Outputs up to this size lie in the host's own memory, where reading them is a copy of a few
// bytes (losses and metrics); larger ones may be read again by the step itself.
constexpr uint64_t kSmallOutput = 65536;

std::string mib(uint64_t bytes) { return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MiB"; }

} // namespace

Memory::Memory(Device& device)
    : device_(device), blocks_(device), limit_(device.options().memory_limit) {}

Memory::~Memory() {
    device_.wait_idle();
    if (open_)
        under_way_.push_back(std::move(*open_));
    for (Batch& batch : under_way_)
        finish(batch, false);
    for (auto& [buffer, reading] : spare_)
        release(buffer);
}

uint32_t Memory::memory_type(uint32_t allowed, VkMemoryPropertyFlags flags) const {
    const auto& memory = device_.facts().memory;
    for (uint32_t i = 0; i < memory.memoryTypeCount; ++i)
        if ((allowed & (1u << i)) != 0 && (memory.memoryTypes[i].propertyFlags & flags) == flags)
            return i;
    return UINT32_MAX;
}

std::string Memory::out_of_memory(uint64_t bytes) const {
    const lm_memory_info now = info();
    return "out of device memory: asked for " + mib(bytes) + ", " + mib(now.free_bytes) +
           " free of " + mib(now.total_bytes) + ", " + mib(allocated_) + " allocated" +
           (limit_ != 0 ? " (memory_limit_mib is " + std::to_string(limit_ >> 20) + ")"
                        : std::string());
}

Piece Memory::place(VkBuffer buffer, const std::vector<VkMemoryPropertyFlags>& preferences) {
    VkMemoryRequirements needs{};
    device_.api().GetBufferMemoryRequirements(device_.handle(), buffer, &needs);
    const auto& memory = device_.facts().memory;
    for (const VkMemoryPropertyFlags flags : preferences) {
        const uint32_t type = memory_type(needs.memoryTypeBits, flags);
        if (type == UINT32_MAX ||
            memory.memoryHeaps[memory.memoryTypes[type].heapIndex].size < needs.size)
            continue;
        const Piece piece = blocks_.take(type, needs.size, needs.alignment);
        if (piece.block != nullptr)
            return piece;
    }
    throw plugin::Error(LM_OUT_OF_MEMORY, out_of_memory(needs.size));
}

Buffer Memory::make_buffer(uint64_t bytes, const std::vector<VkMemoryPropertyFlags>& preferences,
                           HostAccess access) {
    Buffer buffer;
    buffer.id = next_id_++;
    buffer.bytes = bytes;
    auto info = make<VkBufferCreateInfo>(VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO);
    // Kernels read and write whole words, so that the last one must be there.
    info.size = std::max<uint64_t>((bytes + 15) / 16 * 16, 16);
    info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT;
    const auto families = device_.families();
    info.sharingMode = families.size() > 1 ? VK_SHARING_MODE_CONCURRENT : VK_SHARING_MODE_EXCLUSIVE;
    info.queueFamilyIndexCount = static_cast<uint32_t>(families.size());
    info.pQueueFamilyIndices = families.data();
    check(device_.api().CreateBuffer(device_.handle(), &info, nullptr, &buffer.handle),
          "creating a buffer");
    try {
        buffer.piece = place(buffer.handle, preferences);
        check(device_.api().BindBufferMemory(device_.handle(), buffer.handle,
                                             buffer.piece.block->memory, buffer.piece.offset),
              "binding memory");
    } catch (...) {
        release(buffer);
        throw;
    }
    const Block& block = *buffer.piece.block;
    const auto flags = device_.facts().memory.memoryTypes[block.type].propertyFlags;
    // A discrete card's memory that the host sees is slow to read.
    const bool cached = (flags & kCached) != 0;
    if (block.mapped != nullptr &&
        (access == HostAccess::always || (access == HostAccess::cached && cached)))
        buffer.mapped = block.mapped + buffer.piece.offset;
    return buffer;
}

void Memory::release(Buffer& buffer) {
    device_.api().DestroyBuffer(device_.handle(), buffer.handle, nullptr);
    blocks_.give_back(buffer.piece);
}

Buffer* Memory::create(uint64_t bytes, int32_t slot_kind) {
    const uint64_t heap = device_.facts().device_local_bytes();
    const uint64_t limit = limit_ != 0 ? std::min(limit_, heap) : heap;
    // Drivers that are memory's neighbours (llvmpipe) would go on beyond their heap and be killed.
    if (bytes > limit || allocated_ > limit - bytes)
        throw plugin::Error(LM_OUT_OF_MEMORY, out_of_memory(bytes));
    std::vector<VkMemoryPropertyFlags> preferences{kDevice | kHost | kCached, kDevice, kHost, 0};
    HostAccess access = HostAccess::cached;
    if (device_.facts().private_memory) {
        access = HostAccess::never;
    } else if (slot_kind == LM_SLOT_INPUT) {
        preferences = {kDevice | kHost, kDevice, kHost, 0};
        access = HostAccess::always;
    } else if (slot_kind == LM_SLOT_OUTPUT && bytes <= kSmallOutput) {
        preferences = {kHost | kCached, kHost, kDevice, 0};
        access = HostAccess::always;
    }
    Buffer* buffer = std::pmr::polymorphic_allocator<>(&pool_).new_object<Buffer>(
        make_buffer(bytes, preferences, access));
    allocated_ += bytes;
    peak_ = std::max(peak_, allocated_);
    return buffer;
}

void Memory::destroy(Buffer* buffer) {
    if (buffer == nullptr)
        return;
    try {
        flush();
    } catch (const plugin::Error&) {
        // The device is lost: nothing uses the buffer any more.
    }
    device_.wait_idle();
    allocated_ -= buffer->bytes;
    ++destroyed_;
    release(*buffer);
    std::pmr::polymorphic_allocator<>(&pool_).delete_object(buffer);
}

void Memory::check_range(const Buffer& buffer, uint64_t offset, uint64_t bytes) {
    if (offset > buffer.bytes || bytes > buffer.bytes - offset)
        plugin::invalid("transfer of " + std::to_string(bytes) + " bytes at " +
                        std::to_string(offset) + " does not fit a buffer of " +
                        std::to_string(buffer.bytes));
}

Buffer Memory::staging(uint64_t bytes, bool for_reading) {
    collect();
    const auto fits = std::find_if(spare_.begin(), spare_.end(), [&](const auto& entry) {
        return entry.second == for_reading && entry.first.bytes >= bytes &&
               entry.first.bytes <= 4 * bytes + 4096;
    });
    if (fits != spare_.end()) {
        const Buffer found = fits->first;
        spare_.erase(fits);
        return found;
    }
    using Flags = std::vector<VkMemoryPropertyFlags>;
    return make_buffer(bytes, for_reading ? Flags{kHost | kCached, kHost} : Flags{kHost},
                       HostAccess::always);
}

void Memory::begin_batch(lm_token wait) {
    VkCommandBuffer commands = device_.allocate_commands(Lane::transfer);
    open_ = Batch{device_.next(Lane::transfer), wait, commands, {}, {}};
    device_.begin(commands, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
    device_.barrier(Lane::transfer, commands);
}

lm_token Memory::copy(const Buffer& from, uint64_t from_offset, const Buffer& to,
                      uint64_t to_offset, const Buffer& device_side, lm_token wait, Copy copy) {
    if (device_.passed(wait))
        wait = 0;
    if (open_ && open_->wait != wait)
        flush();
    if (!open_)
        begin_batch(wait);
    auto& touched = open_->touched;
    if (std::find(touched.begin(), touched.end(), device_side.id) != touched.end())
        device_.barrier(Lane::transfer, open_->commands);
    touched.push_back(device_side.id);
    const VkBufferCopy region{from_offset, to_offset, copy.bytes};
    device_.api().CmdCopyBuffer(open_->commands, from.handle, to.handle, 1, &region);
    open_->copies.push_back(copy);
    return open_->token;
}

void Memory::flush() {
    if (!open_)
        return;
    Batch batch = std::move(*open_);
    open_.reset();
    device_.barrier(Lane::transfer, batch.commands, true);
    check(device_.api().EndCommandBuffer(batch.commands), "recording copies");
    under_way_.push_back(batch);
    device_.submit(Lane::transfer, batch.commands, batch.wait);
}

lm_token Memory::write(Buffer& buffer, uint64_t offset, const void* source, uint64_t bytes,
                       lm_token wait) {
    check_range(buffer, offset, bytes);
    if (bytes == 0)
        return wait;
    if (buffer.mapped != nullptr && device_.passed(wait)) {
        stream_copy(buffer.mapped + offset, source, bytes);
        return 0;
    }
    const Buffer from = staging(bytes, false);
    stream_copy(from.mapped, source, bytes);
    return copy(from, 0, buffer, offset, buffer, wait, {from, nullptr, bytes});
}

lm_token Memory::read(Buffer& buffer, uint64_t offset, void* target, uint64_t bytes,
                      lm_token wait) {
    check_range(buffer, offset, bytes);
    if (bytes == 0)
        return wait;
    if (buffer.mapped != nullptr && device_.passed(wait)) {
        std::memcpy(target, buffer.mapped + offset, bytes);
        return 0;
    }
    const Buffer to = staging(bytes, true);
    return copy(buffer, offset, to, 0, buffer, wait, {to, target, bytes});
}

void Memory::wait(lm_token token) {
    flush();
    device_.wait(token);
    collect();
}

void Memory::collect() {
    while (!under_way_.empty() && device_.passed(under_way_.front().token)) {
        finish(under_way_.front(), true);
        under_way_.pop_front();
    }
}

void Memory::finish(Batch& batch, bool hand_over) {
    for (Copy& copy : batch.copies) {
        if (hand_over && copy.target != nullptr)
            std::memcpy(copy.target, copy.staging.mapped, copy.bytes);
        if (spare_.size() < kSpareStaging && copy.staging.bytes <= kLargeStaging)
            spare_.emplace_back(copy.staging, copy.target != nullptr);
        else
            release(copy.staging);
    }
    device_.free_commands(Lane::transfer, batch.commands);
}

lm_memory_info Memory::info() const {
    lm_memory_info info{};
    info.struct_size = sizeof info;
    info.total_bytes = device_.facts().device_local_bytes();
    if (limit_ != 0)
        info.total_bytes = std::min(info.total_bytes, limit_);
    info.free_bytes =
        std::min(info.total_bytes - std::min(info.total_bytes, allocated_), device_.budget());
    info.allocated_bytes = allocated_;
    info.peak_bytes = peak_;
    return info;
}

} // namespace lamina::vulkan
