/// A plugin library in memory.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <boost/dll/shared_library.hpp>

#include "lamina/plugin/abi.h"
#include "plugins/manifest.hpp"

namespace lamina {

/// Loads, initialises and collects what the plugin registers; shuts it down and unloads it at its
/// end.
class LoadedPlugin {
  public:
    /// Throws Error with the reason. The manifest has been accepted.
    LoadedPlugin(const std::filesystem::path& file, const Manifest& manifest);
    ~LoadedPlugin();
    LoadedPlugin(const LoadedPlugin&) = delete;
    LoadedPlugin& operator=(const LoadedPlugin&) = delete;

    /// nullptr when the plugin did not register what its manifest promises.
    const void* table(const std::string& kind, const std::string& name) const;
    const std::string& name() const { return name_; }
    const std::filesystem::path& file() const { return file_; }

  private:
    /// The table at the size that this engine knows: of an older ABI's, a copy with zeros behind.
    const void* widened(const void* table, uint32_t size);
    static lm_status add(void* self, const char* kind, const char* name, const void* table,
                         lm_error* error);

    std::filesystem::path file_;
    std::string name_;
    boost::dll::shared_library library_;
    const lm_plugin* plugin_ = nullptr;
    std::map<std::pair<std::string, std::string>, const void*> tables_;
    // Words, not a struct with padding: every byte is zero.
    std::vector<std::vector<uint64_t>> widened_;
};

} // namespace lamina
