/// The registry of parts: layers, operators, backends and all else that plugins bring.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/export.hpp"

namespace lamina {

class LoadedPlugin;

/// A part's table of functions, and the hold on the library it lies in: while a Part lives, its
/// plugin stays loaded.
struct Part {
    std::string kind;
    std::string name;
    const void* table = nullptr;
    std::shared_ptr<const LoadedPlugin> plugin; // null for what is built in

    template <class Table>
    const Table& as() const {
        return *static_cast<const Table*>(table);
    }
};

/// What is known of a part without loading its plugin.
struct PartInfo {
    std::string kind;
    std::string name;
    std::string plugin;
    std::string version;
    std::filesystem::path file; // empty for what is built in
};

struct Refusal {
    std::filesystem::path file;
    std::string reason;
};

/// Finds plugins by their manifests, loads one when something asks for what it registers, and
/// unloads it when nothing holds a part of it any more. Thread-safe.
class LAMINA_API Registry {
  public:
    /// Searched in this order: `extra` (--plugin-path), LAMINA_PLUGIN_PATH, the install's own
    /// folder. Never the working directory.
    explicit Registry(std::vector<std::filesystem::path> extra = {});
    ~Registry();
    Registry(const Registry&) = delete;
    Registry& operator=(const Registry&) = delete;

    /// The one that programs use. Made at its first use, with the folders given to set_plugin_path
    /// before.
    static Registry& global();

    /// Throws Error(NotFound), with the nearest name and what there is, or the plugin's reason when
    /// it fails to load.
    Part find(std::string_view kind, std::string_view name);
    bool has(std::string_view kind, std::string_view name) const;

    /// The kernels that any plugin registers for a backend. Their plugins are loaded.
    std::vector<Part> kernels_for(std::string_view backend);

    /// All parts of a kind, or all with kind "", sorted by kind and name.
    std::vector<PartInfo> list(std::string_view kind = "") const;
    std::vector<std::string> names(std::string_view kind) const;

    std::vector<std::filesystem::path> searched() const;
    std::vector<Refusal> refusals() const;
    /// The files of the plugins that are in memory now, in order of loading.
    std::vector<std::filesystem::path> loaded() const;

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Folders that Registry::global() searches first. Throws Error when it exists already.
LAMINA_API void set_plugin_path(std::vector<std::filesystem::path> folders);

} // namespace lamina
