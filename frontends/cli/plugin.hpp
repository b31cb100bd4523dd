/// lamina plugin new, lamina plugin check.
#pragma once

#include <string>
#include <vector>

#include "command.hpp"

namespace lamina::cli {

/// The kinds that there are templates of.
std::vector<std::string> template_kinds();

/// Writes the project of a plugin with one part. Throws UsageError for an unknown kind, a name that
/// is no identifier, or a folder that exists.
int plugin_new(const std::string& kind, const std::string& name, const std::string& folder);

/// Tests a plugin's parts, each in a process that may crash or hang, and reports. Exit code 0 when
/// nothing has failed.
int plugin_check(const std::string& file, const Options& options);

} // namespace lamina::cli
