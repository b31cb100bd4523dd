#include "vk/memory.hpp"

#include <algorithm>
#include <cstring>

namespace lamina::vulkan {

namespace {

constexpr VkMemoryPropertyFlags kDevice = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
constexpr VkMemoryPropertyFlags kHost =
    VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
constexpr VkMemoryPropertyFlags kCached = VK_MEMORY_PROPERTY_HOST_CACHED_BIT;

// Staging buffers that wait for their next use; more are given back.
constexpr size_t kSpareStaging = 8;

std::string mib(uint64_t bytes) { return std::to_string((bytes + (1u << 20) - 1) >> 20) + " MiB"; }

} // namespace

Memory::Memory(Device& device, uint64_t limit) : device_(device), limit_(limit) {}

Memory::~Memory() {
    collect(true);
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

void Memory::place(Buffer& buffer, const std::vector<VkMemoryPropertyFlags>& preferences) {
    VkMemoryRequirements needs{};
    device_.api().GetBufferMemoryRequirements(device_.handle(), buffer.handle, &needs);
    const auto& memory = device_.facts().memory;
    auto info = make<VkMemoryAllocateInfo>(VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO);
    info.allocationSize = needs.size;
    for (const VkMemoryPropertyFlags flags : preferences) {
        const uint32_t type = memory_type(needs.memoryTypeBits, flags);
        if (type == UINT32_MAX ||
            memory.memoryHeaps[memory.memoryTypes[type].heapIndex].size < needs.size)
            continue;
        info.memoryTypeIndex = type;
        if (device_.api().AllocateMemory(device_.handle(), &info, nullptr, &buffer.memory) !=
            VK_SUCCESS)
            continue;
        buffer.allocation = needs.size;
        check(device_.api().BindBufferMemory(device_.handle(), buffer.handle, buffer.memory, 0),
              "binding memory");
        const VkMemoryPropertyFlags got = memory.memoryTypes[type].propertyFlags;
        // A discrete card's memory that the host sees is slow to read: only where it was asked for.
        const bool asked = (flags & kHost) == kHost;
        const bool cached = (got & kCached) != 0 && !device_.facts().private_memory;
        if ((got & kHost) == kHost && (asked || cached)) {
            void* address = nullptr;
            check(device_.api().MapMemory(device_.handle(), buffer.memory, 0, VK_WHOLE_SIZE, 0,
                                          &address),
                  "mapping memory");
            buffer.mapped = static_cast<unsigned char*>(address);
        }
        return;
    }
    throw plugin::Error(LM_OUT_OF_MEMORY, out_of_memory(needs.size));
}

Buffer Memory::make_buffer(uint64_t bytes, const std::vector<VkMemoryPropertyFlags>& preferences) {
    Buffer buffer;
    buffer.id = next_id_++;
    buffer.bytes = bytes;
    auto info = make<VkBufferCreateInfo>(VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO);
    // Kernels read and write whole words, so that the last one must be there.
    info.size = std::max<uint64_t>((bytes + 15) / 16 * 16, 16);
    info.usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_TRANSFER_SRC_BIT |
                 VK_BUFFER_USAGE_TRANSFER_DST_BIT;
    info.sharingMode = VK_SHARING_MODE_EXCLUSIVE;
    check(device_.api().CreateBuffer(device_.handle(), &info, nullptr, &buffer.handle),
          "creating a buffer");
    try {
        place(buffer, preferences);
    } catch (...) {
        release(buffer);
        throw;
    }
    return buffer;
}

void Memory::release(Buffer& buffer) {
    device_.api().DestroyBuffer(device_.handle(), buffer.handle, nullptr);
    device_.api().FreeMemory(device_.handle(), buffer.memory, nullptr);
}

Buffer* Memory::create(uint64_t bytes, int32_t slot_kind) {
    const uint64_t heap = device_.facts().device_local_bytes();
    const uint64_t limit = limit_ != 0 ? std::min(limit_, heap) : heap;
    // Drivers that are memory's neighbours (llvmpipe) would go on beyond their heap and be killed.
    if (bytes > limit || allocated_ > limit - bytes)
        throw plugin::Error(LM_OUT_OF_MEMORY, out_of_memory(bytes));
    const bool host_writes = slot_kind == LM_SLOT_INPUT && !device_.facts().private_memory;
    auto buffer = std::make_unique<Buffer>(
        host_writes ? make_buffer(bytes, {kDevice | kHost, kDevice, kHost, 0})
                    : make_buffer(bytes, {kDevice | kHost | kCached, kDevice, kHost, 0}));
    allocated_ += bytes;
    peak_ = std::max(peak_, allocated_);
    return buffer.release();
}

void Memory::destroy(Buffer* buffer) {
    if (buffer == nullptr)
        return;
    allocated_ -= buffer->bytes;
    release(*buffer);
    delete buffer;
}

void Memory::check_range(const Buffer& buffer, uint64_t offset, uint64_t bytes) {
    if (offset > buffer.bytes || bytes > buffer.bytes - offset)
        plugin::invalid("transfer of " + std::to_string(bytes) + " bytes at " +
                        std::to_string(offset) + " does not fit a buffer of " +
                        std::to_string(buffer.bytes));
}

Buffer Memory::staging(uint64_t bytes, bool for_reading) {
    const auto fits = std::find_if(spare_.begin(), spare_.end(), [&](const auto& entry) {
        return entry.second == for_reading && entry.first.bytes >= bytes &&
               entry.first.bytes <= 4 * bytes + 4096;
    });
    if (fits != spare_.end()) {
        const Buffer found = fits->first;
        spare_.erase(fits);
        return found;
    }
    return for_reading ? make_buffer(bytes, {kHost | kCached, kHost}) : make_buffer(bytes, {kHost});
}

lm_token Memory::copy(const Buffer& from, uint64_t from_offset, const Buffer& to,
                      uint64_t to_offset, uint64_t bytes, lm_token wait, Buffer staging_buffer,
                      void* target) {
    VkCommandBuffer commands = device_.allocate_commands();
    device_.begin(commands, VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
    device_.barrier(commands);
    const VkBufferCopy region{from_offset, to_offset, bytes};
    device_.api().CmdCopyBuffer(commands, from.handle, to.handle, 1, &region);
    device_.barrier(commands, true);
    check(device_.api().EndCommandBuffer(commands), "recording a copy");
    const lm_token token = device_.submit(commands, wait);
    transfers_.push_back({token, staging_buffer, commands, target, bytes});
    return token;
}

lm_token Memory::write(Buffer& buffer, uint64_t offset, const void* source, uint64_t bytes,
                       lm_token wait) {
    check_range(buffer, offset, bytes);
    if (bytes == 0)
        return wait;
    if (buffer.mapped != nullptr && device_.passed(wait)) {
        std::memcpy(buffer.mapped + offset, source, bytes);
        return 0;
    }
    collect(false);
    const Buffer from = staging(bytes, false);
    std::memcpy(from.mapped, source, bytes);
    return copy(from, 0, buffer, offset, bytes, wait, from, nullptr);
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
    collect(false);
    const Buffer to = staging(bytes, true);
    return copy(buffer, offset, to, 0, bytes, wait, to, target);
}

void Memory::wait(lm_token token) {
    device_.wait(token);
    collect(false);
}

void Memory::collect(bool all) {
    while (!transfers_.empty() && (all || device_.passed(transfers_.front().token))) {
        Transfer& done = transfers_.front();
        if (all)
            device_.wait(done.token);
        else if (done.target != nullptr)
            std::memcpy(done.target, done.staging.mapped, done.bytes);
        device_.free_commands(done.commands);
        if (spare_.size() < kSpareStaging)
            spare_.emplace_back(done.staging, done.target != nullptr);
        else
            release(done.staging);
        transfers_.pop_front();
    }
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
