/// A registry over a folder of its own, and what the process has in memory.
#pragma once

#include <string>

#include <catch2/catch.hpp>

#include "lamina/error.hpp"
#include "lamina/registry.hpp"
#include "temp_folder.hpp"

namespace lamina::test {

namespace fs = std::filesystem;

inline fs::path fixture(const std::string& name) {
    return fs::path(LAMINA_TEST_FIXTURE_DIR) / (name + ".so");
}

/// A folder with some of the fixtures.
class PluginFolder {
  public:
    PluginFolder(std::initializer_list<const char*> fixtures = {}) {
        for (const char* name : fixtures)
            add(fixture(name), std::string(name) + ".so");
    }
    void add(const fs::path& from, const std::string& name) { fs::copy_file(from, folder_ / name); }
    void link(const fs::path& from, const std::string& name) {
        fs::create_symlink(from, folder_ / name);
    }
    fs::path operator/(const std::string& name) const { return folder_ / name; }
    const fs::path& path() const { return folder_.path(); }

  private:
    TempFolder folder_;
};

/// Whether the file is mapped into this process.
inline bool in_memory(const fs::path& file) {
    return get("/proc/self/maps").find(fs::canonical(file).string()) != std::string::npos;
}

/// The reason that the registry gives for the file, "" when it took it.
inline std::string refusal(const Registry& registry, const std::string& file) {
    for (const Refusal& r : registry.refusals())
        if (r.file.filename() == file)
            return r.reason;
    return "";
}

/// What looking a part up says.
inline std::string failure(Registry& registry, const char* kind, const char* name) {
    try {
        registry.find(kind, name);
        return "";
    } catch (const Error& e) {
        return e.what();
    }
}

} // namespace lamina::test
