#pragma once

#include "compute/blas.hpp"

#include <cstdint>

namespace lamina::cpu {

/// OpenBLAS, loaded when it is first asked for and kept until the plugin is unloaded: its threads,
/// which it starts as it loads, are not wanted, and only the environment keeps them away. (Under a
/// small limit on memory such a thread asks for its buffer for ever, and whoever unloads the
/// library waits for it.)
///
/// Throws plugin::Error: LM_UNSUPPORTED where it is not installed.
void load_openblas();

struct OpenBlas {
    Blas blas;
    std::int64_t threads; ///< how many may call it at once
};

/// For products that at most so many threads run at once. OpenBLAS takes a buffer of 128 MiB of
/// address space for each, of which it touches what a product needs, and tries for ever where there
/// is none: so they are taken here first, as many as there is room for. Throws plugin::Error:
/// LM_OUT_OF_MEMORY where that is none.
OpenBlas openblas(std::int64_t threads);

} // namespace lamina::cpu
