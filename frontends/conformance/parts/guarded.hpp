#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include <fmt/format.h>

namespace lamina::conformance {

/// What a part writes into, with guards on both sides.
class Guarded {
  public:
    explicit Guarded(size_t bytes) : bytes_(bytes), memory_(bytes + 2 * kGuard, kByte) {}
    std::byte* data() { return memory_.data() + kGuard; }
    std::vector<std::byte> content() const {
        return {memory_.begin() + kGuard, memory_.end() - kGuard};
    }
    std::string fault() const {
        for (size_t i = 0; i < memory_.size(); ++i)
            if ((i < kGuard || i >= kGuard + bytes_) && memory_[i] != kByte)
                return fmt::format("it writes outside its {} bytes, at byte {}", bytes_,
                                   static_cast<int64_t>(i) - static_cast<int64_t>(kGuard));
        return "";
    }

  private:
    static constexpr ptrdiff_t kGuardSize = 4096;
    static constexpr size_t kGuard = kGuardSize;
    static constexpr std::byte kByte{0xA5};
    size_t bytes_;
    std::vector<std::byte> memory_;
};

} // namespace lamina::conformance
