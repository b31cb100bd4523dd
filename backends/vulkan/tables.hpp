/// What shaders look up: read-only words on the device, uploaded once for all programs that read
/// them.
#pragma once

#include <map>
#include <span>
#include <vector>

#include "vk/memory.hpp"

namespace lamina::vulkan {

class Tables {
  public:
    explicit Tables(Memory& memory) : memory_(memory) {}
    ~Tables();
    Tables(const Tables&) = delete;
    Tables& operator=(const Tables&) = delete;

    /// The number of the table of these words; the same words have the same number.
    uint32_t number(std::span<const uint32_t> words);
    size_t size() const { return buffers_.size(); }

    /// Uploads the table if need be: after a program's pipelines are made, since RADV without a
    /// card makes those and gives no memory.
    VkBuffer buffer(uint32_t number);

  private:
    Memory& memory_;
    std::map<std::vector<uint32_t>, uint32_t> numbers_;
    std::vector<Buffer*> buffers_; // by number; NULL: not uploaded yet
};

} // namespace lamina::vulkan
