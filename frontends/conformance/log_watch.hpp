/// Hears what is logged while it lives: a backend that does as it should warns of nothing, and the
/// messages of Vulkan's validation layers come this way too.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include "lamina/log.hpp"

namespace lamina::conformance {

class LogWatch {
  public:
    LogWatch() {
        set_log_level(std::min(log_level(), LogLevel::Warning));
        set_log_sink([this](LogLevel level, std::string_view message) {
            if (level >= LogLevel::Warning)
                heard_ += (heard_.empty() ? "" : "\n") + std::string(message);
        });
    }
    ~LogWatch() { set_log_sink({}); }
    LogWatch(const LogWatch&) = delete;
    LogWatch& operator=(const LogWatch&) = delete;

    /// The warnings and errors since the last call, "" for none.
    std::string take() { return std::exchange(heard_, {}); }

  private:
    std::string heard_;
};

} // namespace lamina::conformance
