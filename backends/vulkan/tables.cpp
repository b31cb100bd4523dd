#include "tables.hpp"

#include <algorithm>

namespace lamina::vulkan {

Tables::~Tables() {
    for (Buffer* buffer : buffers_)
        if (buffer != nullptr)
            memory_.destroy(buffer);
}

uint32_t Tables::number(std::span<const uint32_t> words) {
    const auto next = static_cast<uint32_t>(buffers_.size());
    const auto [entry, added] = numbers_.try_emplace({words.begin(), words.end()}, next);
    if (added)
        buffers_.push_back(nullptr);
    return entry->second;
}

VkBuffer Tables::buffer(uint32_t number) {
    Buffer*& buffer = buffers_.at(number);
    if (buffer == nullptr) {
        const auto& words = std::find_if(numbers_.begin(), numbers_.end(), [&](const auto& entry) {
                                return entry.second == number;
                            })->first;
        const uint64_t bytes = words.size() * sizeof words[0];
        buffer = memory_.create(bytes, LM_SLOT_ARENA);
        memory_.wait(memory_.write(*buffer, 0, words.data(), bytes, 0));
    }
    return buffer->handle;
}

} // namespace lamina::vulkan
