#pragma once

#include "lamina/export.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace lamina {

using Bytes = std::vector<std::uint8_t>;

/// False for one that cannot be reached, too.
LAMINA_API bool is_folder(const std::filesystem::path& path);

/// A whole file. Throws Error(NotFound) or Error(Io), naming the path and the reason.
LAMINA_API Bytes read_file(const std::filesystem::path& path);
/// The first bytes of the file, at most `most`. Throws as read_file().
LAMINA_API Bytes read_head(const std::filesystem::path& path, std::size_t most);
LAMINA_API std::string read_text(const std::filesystem::path& path);
/// Of a text file, each without the white space at its ends.
LAMINA_API std::vector<std::string> read_lines(const std::filesystem::path& path);

/// Whether the bytes begin as gzip does.
LAMINA_API bool is_gzip(std::span<const std::uint8_t> bytes);

/// Decompresses gzip, of one member or several. `source` names the data in messages.
/// Throws Error(Io) for what is not gzip, ends too early, is damaged (its checksum differs), or
/// grows beyond `limit` bytes.
LAMINA_API Bytes gunzip(std::span<const std::uint8_t> bytes, const std::string& source,
                        std::uint64_t limit = std::uint64_t{1} << 34);

/// A whole file, decompressed when its content is gzip, whatever its name.
LAMINA_API Bytes read_maybe_gzip(const std::filesystem::path& path);

} // namespace lamina
