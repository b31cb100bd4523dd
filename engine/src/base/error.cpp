#include "lamina/error.hpp"

namespace lamina {

std::string_view name(StatusCode code) {
    switch (code) {
    case StatusCode::Ok:
        return "ok";
    case StatusCode::InvalidArgument:
        return "invalid argument";
    case StatusCode::NotFound:
        return "not found";
    case StatusCode::Unsupported:
        return "unsupported";
    case StatusCode::OutOfMemory:
        return "out of memory";
    case StatusCode::DeviceLost:
        return "device lost";
    case StatusCode::Io:
        return "input or output failed";
    case StatusCode::Cancelled:
        return "cancelled";
    case StatusCode::Internal:
        return "internal error";
    }
    return "unknown status";
}

void fail(StatusCode code, const std::string& message) { throw Error(code, message); }

} // namespace lamina
