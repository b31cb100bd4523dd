#pragma once

#include <cstdlib>
#include <filesystem>

#include "temp_folder.hpp"

namespace lamina::test {

/// Where to put what is written here: tests/system/keras.py names a folder, for real Keras to load
/// what lies there.
inline std::filesystem::path saved_here(const TempFolder& otherwise) {
    const char* keep = std::getenv("LAMINA_SAVE_FOR_KERAS");
    return keep != nullptr ? std::filesystem::path(keep) : otherwise.path();
}

} // namespace lamina::test
