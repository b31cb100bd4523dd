/// JSON inside the engine. Public headers speak of text only.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace lamina {

/// Keeps the order of keys, as files written by Keras do.
using Json = nlohmann::ordered_json;

/// Throws Error(InvalidArgument) that names what was read, with line, column and what was expected.
Json parse_json(std::string_view text, const std::string& what);

} // namespace lamina
