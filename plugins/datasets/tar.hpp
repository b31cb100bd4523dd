/// The members of a tar archive, read without unpacking it (POSIX.1-1988 "ustar", as GNU tar and
/// Python write it).
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace lamina::datasets {

/// The content of the first regular file of this name, in whatever folder of the archive; empty
/// when there is none. Throws plugin::Error that begins with `source` when the archive is damaged.
std::span<const uint8_t> tar_member(std::span<const uint8_t> archive, const std::string& name,
                                    const std::string& source);

} // namespace lamina::datasets
