/// What a plugin says of itself, read from its file without loading it.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lamina {

struct ManifestPart {
    std::string kind; // "layer"
    std::string name; // "Dense"
};

struct Manifest {
    int abi_major = 0;
    int abi_minor = 0;
    std::string name;
    std::string version;
    std::vector<ManifestPart> parts;
};

/// Reads the manifest section of an ELF shared library. Throws Error with the reason when the file
/// is no shared library for this machine, has no manifest, or has one that does not parse.
Manifest read_manifest(const std::filesystem::path& file);

/// Throws Error(Unsupported) when this engine cannot load a plugin of the manifest's ABI.
void check_abi(const Manifest& manifest);

} // namespace lamina
