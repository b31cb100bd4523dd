#pragma once

#include "lamina/export.hpp"

#include <cstdint>
#include <functional>
#include <string_view>

namespace lamina {

/// The numbers are those of lm_log_level in the plugin ABI.
enum class LogLevel : std::int32_t { Debug = 0, Info = 1, Warning = 2, Error = 3, Off = 4 };

/// Writes one message, whole, when its level is at least the level set. Any thread may call it.
LAMINA_API void log(LogLevel level, std::string_view message);

inline void log_debug(std::string_view message) { log(LogLevel::Debug, message); }
inline void log_info(std::string_view message) { log(LogLevel::Info, message); }
inline void log_warning(std::string_view message) { log(LogLevel::Warning, message); }
inline void log_error(std::string_view message) { log(LogLevel::Error, message); }

/// Warning at the start, or what LAMINA_LOG says (debug, info, warning, error, off).
LAMINA_API LogLevel log_level();
LAMINA_API void set_log_level(LogLevel level);

/// Throws UsageError for an unknown name.
LAMINA_API LogLevel parse_log_level(std::string_view text);

/// Where messages go; an empty function puts back standard error ("lamina: warning: ...").
/// The sink is called by one thread at a time and must not log.
using LogSink = std::function<void(LogLevel, std::string_view)>;
LAMINA_API void set_log_sink(LogSink sink);

} // namespace lamina
