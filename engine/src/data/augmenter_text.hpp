/// --augment as people write it.
#pragma once

#include <string>

#include "io/json.hpp"

namespace lamina {

/// "rotation=40,zoom=0.8:1.2,horizontal_flip,cutout={\"size\": 8}" as an object of what each name
/// is given: true for a name alone. Throws UsageError.
Json parse_augmenter_text(const std::string& text);

} // namespace lamina
