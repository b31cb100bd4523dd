#pragma once

#include "lamina/export.hpp"

#include <filesystem>
#include <string_view>

namespace lamina {

/// "~" and "~/..." under the user's home; everything else as it is.
LAMINA_API std::filesystem::path expand_home(std::string_view path);

/// Where downloads and caches go: $XDG_CACHE_HOME/lamina, else ~/.cache/lamina. Not made here.
LAMINA_API std::filesystem::path cache_folder();

/// Where the product's own data lies: $LAMINA_DATA_FOLDER, else share/lamina beside the folder that
/// liblamina.so was loaded from. The same in the build tree, when installed, and when moved.
LAMINA_API std::filesystem::path data_folder();

} // namespace lamina
