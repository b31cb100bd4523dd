#include "lamina/log.hpp"

#include "lamina/error.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <string>

namespace lamina {
namespace {

constexpr std::array<std::string_view, 5> kNames{"debug", "info", "warning", "error", "off"};

struct Logger {
    std::atomic<LogLevel> level{initial_level()};
    std::mutex mutex;
    LogSink sink;

    static LogLevel initial_level() {
        const char* text = std::getenv("LAMINA_LOG");
        if (text != nullptr)
            for (std::size_t i = 0; i < kNames.size(); ++i)
                if (kNames[i] == text)
                    return static_cast<LogLevel>(i);
        return LogLevel::Warning;
    }
};

// Never destroyed: threads and other libraries' destructors may log until the very end.
Logger& logger() {
    static Logger& instance = *new Logger; // NOLINT(cppcoreguidelines-owning-memory)
    return instance;
}

} // namespace

void log(LogLevel level, std::string_view message) {
    Logger& l = logger();
    if (level < l.level.load(std::memory_order_relaxed) || level >= LogLevel::Off)
        return;
    const std::lock_guard lock(l.mutex);
    if (l.sink) {
        l.sink(level, message);
        return;
    }
    std::string line = "lamina: ";
    line += kNames[static_cast<std::size_t>(std::max(level, LogLevel::Debug))];
    line += ": ";
    line += message;
    line += '\n';
    std::fwrite(line.data(), 1, line.size(), stderr);
}

LogLevel log_level() { return logger().level.load(); }

void set_log_level(LogLevel level) { logger().level.store(level); }

LogLevel parse_log_level(std::string_view text) {
    for (std::size_t i = 0; i < kNames.size(); ++i)
        if (kNames[i] == text)
            return static_cast<LogLevel>(i);
    throw UsageError("unknown log level \"" + std::string(text) +
                     "\": expected debug, info, warning, error or off");
}

void set_log_sink(LogSink sink) {
    const std::lock_guard lock(logger().mutex);
    logger().sink = std::move(sink);
}

} // namespace lamina
