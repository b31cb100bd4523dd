#pragma once

#include <string>
#include <vector>

#include "lamina/export.hpp"

namespace lamina {

/// What a part's schema (plugins/README.md) gets wrong, a line each: for `lamina plugin check`. A
/// fault shows only when a configuration meets it.
LAMINA_API std::vector<std::string> schema_faults(const char* schema);

} // namespace lamina
