#pragma once

#include "lamina/export.hpp"

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace lamina {

/// What kind of failure an error is. The numbers are those of lm_status_code in the plugin ABI.
enum class StatusCode : std::int32_t {
    Ok = 0,
    InvalidArgument = 1,
    NotFound = 2,
    Unsupported = 3,
    OutOfMemory = 4,
    DeviceLost = 5,
    Io = 6,
    Cancelled = 7,
    Internal = 8,
};

/// "invalid argument", "not found", ... for messages.
LAMINA_API std::string_view name(StatusCode code);

/// Every failure that Lamina reports. The message says what was wrong, where, and what to do; its
/// first line stands alone, further lines start with two spaces.
class LAMINA_API Error : public std::runtime_error {
  public:
    Error(StatusCode code, const std::string& message) : std::runtime_error(message), code_(code) {}

    StatusCode code() const noexcept { return code_; }

  private:
    StatusCode code_;
};

/// Shapes that do not fit together, or a rank or size out of range.
class LAMINA_API ShapeError : public Error {
  public:
    explicit ShapeError(const std::string& message) : Error(StatusCode::InvalidArgument, message) {}
};

/// An element type where another is needed.
class LAMINA_API DTypeError : public Error {
  public:
    explicit DTypeError(const std::string& message) : Error(StatusCode::InvalidArgument, message) {}
};

/// A wrong call or a wrong command line: the programs exit with 2 for this and with 1 otherwise.
class LAMINA_API UsageError : public Error {
  public:
    explicit UsageError(const std::string& message) : Error(StatusCode::InvalidArgument, message) {}
};

/// Throws Error(code, message).
[[noreturn]] LAMINA_API void fail(StatusCode code, const std::string& message);

} // namespace lamina
