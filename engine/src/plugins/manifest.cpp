#include "plugins/manifest.hpp"

#include <cstring>
#include <fstream>
#include <optional>

#include <elf.h>
#include <fmt/format.h>

#include "io/json.hpp"
#include "lamina/error.hpp"
#include "lamina/plugin/abi.h"

namespace lamina {

namespace {

/// A file read piece by piece; every read is checked against its size.
class Elf {
  public:
    explicit Elf(const std::filesystem::path& file) : stream_(file, std::ios::binary) {
        if (!stream_)
            fail(StatusCode::Io, "cannot be opened");
        stream_.seekg(0, std::ios::end);
        size_ = static_cast<uint64_t>(stream_.tellg());
        if (size_ < sizeof(Elf64_Ehdr) || read<Elf64_Ehdr>(0).e_ident[0] != ELFMAG0)
            fail(StatusCode::InvalidArgument, "not a shared library");
        header_ = read<Elf64_Ehdr>(0);
        if (std::memcmp(header_.e_ident, ELFMAG, SELFMAG) != 0 || header_.e_type != ET_DYN)
            fail(StatusCode::InvalidArgument, "not a shared library");
        if (header_.e_ident[EI_CLASS] != ELFCLASS64 || header_.e_machine != kMachine)
            fail(StatusCode::InvalidArgument, "a shared library for another machine");
    }

    std::optional<std::string> section(const std::string& wanted) {
        const auto names = section_header(header_.e_shstrndx);
        for (uint16_t i = 0; i < header_.e_shnum; ++i) {
            const Elf64_Shdr s = section_header(i);
            if (text(names.sh_offset + s.sh_name, wanted.size() + 1) == wanted)
                return bytes(s.sh_offset, s.sh_size);
        }
        return std::nullopt;
    }

  private:
#if defined(__x86_64__)
    static constexpr Elf64_Half kMachine = EM_X86_64;
#elif defined(__aarch64__)
    static constexpr Elf64_Half kMachine = EM_AARCH64;
#else
    static constexpr Elf64_Half kMachine = EM_NONE;
#endif

    Elf64_Shdr section_header(uint16_t index) {
        return read<Elf64_Shdr>(header_.e_shoff + uint64_t{index} * header_.e_shentsize);
    }
    template <class T>
    T read(uint64_t offset) {
        T value;
        const std::string data = bytes(offset, sizeof value);
        std::memcpy(&value, data.data(), sizeof value);
        return value;
    }
    std::string bytes(uint64_t offset, uint64_t count) {
        if (offset > size_ || count > size_ - offset)
            fail(StatusCode::InvalidArgument, "a damaged shared library (it is cut short)");
        std::string data(count, '\0');
        stream_.seekg(static_cast<std::streamoff>(offset));
        stream_.read(data.data(), static_cast<std::streamsize>(count));
        if (!stream_)
            fail(StatusCode::Io, "cannot be read");
        return data;
    }
    /// The NUL-terminated text at offset, of at most `most` characters.
    std::string text(uint64_t offset, uint64_t most) {
        if (offset > size_)
            fail(StatusCode::InvalidArgument, "a damaged shared library");
        const std::string data = bytes(offset, std::min(most, size_ - offset));
        return data.substr(0, data.find('\0'));
    }

    std::ifstream stream_;
    uint64_t size_ = 0;
    Elf64_Ehdr header_{};
};

/// The section is JSON lines, padded with NULs by the linker.
std::vector<Json> lines(const std::string& section) {
    std::vector<Json> out;
    for (size_t at = 0; at < section.size();) {
        const size_t end =
            std::min(section.find_first_of(std::string("\n\0", 2), at), section.size());
        if (end > at)
            out.push_back(
                parse_json(std::string_view(section).substr(at, end - at), "its manifest"));
        at = end + 1;
    }
    return out;
}

void read_identity(const Json& line, Manifest& manifest) {
    manifest.name = line.at("name").get<std::string>();
    manifest.version = line.at("version").get<std::string>();
    const auto abi = line.at("lamina_abi").get<std::string>();
    if (std::sscanf(abi.c_str(), "%d.%d", &manifest.abi_major, &manifest.abi_minor) != 2)
        fail(StatusCode::InvalidArgument, "its manifest has no ABI version");
}

} // namespace

Manifest read_manifest(const std::filesystem::path& file) {
    const auto section = Elf(file).section(LM_MANIFEST_SECTION);
    if (!section)
        fail(StatusCode::InvalidArgument, "not a Lamina plugin (it has no manifest)");
    Manifest manifest;
    try {
        for (const Json& line : lines(*section)) {
            if (line.contains("lamina_abi"))
                read_identity(line, manifest);
            else
                manifest.parts.push_back(
                    {line.at("kind").get<std::string>(), line.at("name").get<std::string>()});
        }
    } catch (const Json::exception& e) {
        fail(StatusCode::InvalidArgument, fmt::format("its manifest is malformed: {}", e.what()));
    }
    if (manifest.name.empty())
        fail(StatusCode::InvalidArgument,
             "its manifest does not name the plugin (LAMINA_PLUGIN is missing)");
    return manifest;
}

void check_abi(const Manifest& manifest) {
    // Tables only grow at their ends, so that what an older minor lacks can be told. 1.0 grew out
    // of 0.1 and 0.2 in the same way.
    const std::pair abi(manifest.abi_major, manifest.abi_minor);
    if (abi >= std::pair(0, 1) && abi <= std::pair(0, 2))
        return;
    if (abi.first == LM_ABI_MAJOR && abi.second <= LM_ABI_MINOR)
        return;
    const bool newer = manifest.abi_major > LM_ABI_MAJOR ||
                       (manifest.abi_major == LM_ABI_MAJOR && manifest.abi_minor > LM_ABI_MINOR);
    fail(StatusCode::Unsupported,
         fmt::format("built for plugin ABI {}.{}, this engine has {}.{}; {}rebuild it against this "
                     "version's headers",
                     manifest.abi_major, manifest.abi_minor, LM_ABI_MAJOR, LM_ABI_MINOR,
                     newer ? "install a newer Lamina, or " : ""));
}

} // namespace lamina
