/// What stands at a path.
#pragma once

#include <filesystem>
#include <system_error>

#include "lamina/plugin/plugin.hpp"

namespace lamina::datasets {

/// Throws Error(LM_IO) where this user may not look.
inline std::filesystem::file_status status_of(const std::filesystem::path& path) {
    std::error_code code;
    const auto status = std::filesystem::status(path, code);
    if (code && status.type() != std::filesystem::file_type::not_found)
        throw plugin::Error(LM_IO, path.string() + ": cannot read: " + code.message());
    return status;
}

} // namespace lamina::datasets
