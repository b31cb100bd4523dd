#pragma once

#include "temp_folder.hpp"

#include <cstdlib>

/// The cache folder of the tests' process: empty at first, gone at its end. The engine asks for the
/// folder once, so this must be called before anything else asks.
inline const TempFolder& test_cache() {
    static const TempFolder folder;
    [[maybe_unused]] static const int set = ::setenv("XDG_CACHE_HOME", folder.path().c_str(), 1);
    return folder;
}
