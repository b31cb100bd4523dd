#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace lamina {

/// Keeps the order of keys: what was read is written in the same order.
using Json = nlohmann::ordered_json;

/// Parses text. Throws Error(InvalidArgument) as "SOURCE: line 2, column 7: what is wrong", and for
/// a key that occurs twice in one object.
Json parse_json(std::string_view text, const std::string& source);

/// Parses a file. Throws Error(NotFound), Error(Io) or as parse_json().
Json read_json(const std::filesystem::path& path);

} // namespace lamina
