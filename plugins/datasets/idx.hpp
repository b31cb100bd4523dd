/// The idx format of MNIST's authors: 00 00, the element type, the rank, the extents as big-endian
/// 32-bit numbers, then the elements, row-major.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "host_file.hpp"

namespace lamina::datasets {

/// An array of bytes, as idx files hold them.
struct Idx {
    std::vector<int64_t> dims;
    HostFile file;
    const uint8_t* data = nullptr;
};

/// Reads a file of bytes of this rank, through gzip where it is gzip. Throws plugin::Error, naming
/// the file, when it is missing, damaged, of another kind, or longer or shorter than it says.
Idx read_idx(const lm_host* host, const std::filesystem::path& path, size_t rank);

} // namespace lamina::datasets
