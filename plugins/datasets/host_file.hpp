/// Files read whole by the host.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "lamina/plugin/plugin.hpp"

namespace lamina::datasets {

struct FreeByHost {
    const lm_host* host;
    void operator()(void* memory) const { host->free(memory); }
};

/// The bytes of a file.
struct HostFile {
    std::unique_ptr<uint8_t, FreeByHost> memory;
    std::span<const uint8_t> bytes;
};

/// Reads a file, through gzip where it is gzip. Throws plugin::Error, naming the file.
inline HostFile read_whole(const lm_host* host, const std::filesystem::path& path) {
    void* bytes = nullptr;
    uint64_t size = 0;
    plugin::call(host->read_file, path.c_str(), &bytes, &size);
    auto* data = static_cast<uint8_t*>(bytes);
    return {{data, FreeByHost{host}}, {data, size}};
}

} // namespace lamina::datasets
