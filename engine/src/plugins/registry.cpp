#include "lamina/registry.hpp"

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>

#include <boost/dll/runtime_symbol_info.hpp>
#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/log.hpp"
#include "lamina/plugin/plugin.hpp"
#include "lamina/text.hpp"
#include "plugins/loaded_plugin.hpp"
#include "plugins/manifest.hpp"

namespace lamina {

namespace fs = std::filesystem;

namespace {

fs::path library_folder() {
    static const fs::path folder =
        fs::path(boost::dll::this_line_location().string()).parent_path();
    return folder;
}

/// lib/lamina beside the library, or ../lib/lamina beside a program that has the engine linked in.
fs::path own_plugin_folder() {
    const fs::path beside = library_folder() / "lamina";
    std::error_code ignored;
    return fs::is_directory(beside, ignored) ? beside
                                             : library_folder().parent_path() / "lib" / "lamina";
}

std::vector<fs::path> search_path(std::vector<fs::path> folders) {
    if (const char* path = std::getenv("LAMINA_PLUGIN_PATH"))
        for (const std::string& folder : split(path, ':'))
            if (!folder.empty())
                folders.emplace_back(folder);
    folders.push_back(own_plugin_folder());
    return folders;
}

struct Candidate {
    fs::path file;
    Manifest manifest;
    std::weak_ptr<const LoadedPlugin> loaded;
};

using Key = std::pair<std::string, std::string>;

} // namespace

struct Registry::State {
    mutable std::recursive_mutex mutex;
    std::vector<fs::path> folders;
    std::vector<std::unique_ptr<Candidate>> candidates;
    std::map<Key, Candidate*> parts;
    std::map<Key, const void*> built_in;
    std::vector<Refusal> refusals;

    void scan_folder(const fs::path& folder);
    void scan_file(const fs::path& file);
    void accept(const fs::path& file, Manifest manifest);
    std::shared_ptr<const LoadedPlugin> load(Candidate& candidate);
    [[noreturn]] void not_found(const Key& key) const;
};

void Registry::State::scan_folder(const fs::path& folder) {
    std::error_code code;
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder, code))
        if (entry.path().extension() == ".so")
            files.push_back(entry.path());
    if (code)
        refusals.push_back({folder, code.message()});
    std::sort(files.begin(), files.end());
    for (const fs::path& file : files)
        scan_file(file);
}

void Registry::State::scan_file(const fs::path& file) {
    try {
        const fs::path real = fs::canonical(file);
        for (const auto& had : candidates)
            if (had->file == real)
                fail(StatusCode::InvalidArgument,
                     fmt::format("the same file as {}, which is listed already",
                                 had->file.string()));
        Manifest manifest = read_manifest(real);
        check_abi(manifest);
        accept(real, std::move(manifest));
    } catch (const fs::filesystem_error& e) {
        refusals.push_back({file, e.code().message()});
    } catch (const Error& e) {
        refusals.push_back({file, e.what()});
    }
}

void Registry::State::accept(const fs::path& file, Manifest manifest) {
    for (const ManifestPart& part : manifest.parts) {
        const Key key{part.kind, part.name};
        if (built_in.contains(key))
            fail(StatusCode::InvalidArgument,
                 fmt::format("registers {} `{}`, which is built in", part.kind, part.name));
        if (const auto it = parts.find(key); it != parts.end())
            fail(StatusCode::InvalidArgument,
                 fmt::format("registers {} `{}`, which plugin {} ({}) has already; put only one of "
                             "them on the plugin path",
                             part.kind, part.name, it->second->manifest.name,
                             it->second->file.string()));
    }
    candidates.push_back(std::make_unique<Candidate>(Candidate{file, std::move(manifest), {}}));
    for (const ManifestPart& part : candidates.back()->manifest.parts)
        parts[{part.kind, part.name}] = candidates.back().get();
}

std::shared_ptr<const LoadedPlugin> Registry::State::load(Candidate& candidate) {
    if (auto loaded = candidate.loaded.lock())
        return loaded;
    try {
        auto loaded = std::make_shared<const LoadedPlugin>(candidate.file, candidate.manifest);
        candidate.loaded = loaded;
        log_debug(fmt::format("loaded plugin {} ({})", loaded->name(), candidate.file.string()));
        return loaded;
    } catch (const Error& e) {
        fail(e.code(), fmt::format("plugin {} ({}): {}", candidate.manifest.name,
                                   candidate.file.string(), e.what()));
    }
}

void Registry::State::not_found(const Key& key) const {
    std::vector<std::string> known;
    for (const auto& [k, c] : parts)
        if (k.first == key.first)
            known.push_back(k.second);
    for (const auto& [k, t] : built_in)
        if (k.first == key.first)
            known.push_back(k.second);
    std::sort(known.begin(), known.end());
    std::string message =
        fmt::format("no {} named `{}`{}", key.first, key.second, did_you_mean(key.second, known));
    message +=
        known.empty()
            ? fmt::format("; no plugin with a {} was found, see `lamina plugins -v`", key.first)
            : fmt::format("\n  there are: {}", join(known, ", "));
    fail(StatusCode::NotFound, message);
}

Registry::Registry(std::vector<fs::path> extra) : state_(std::make_unique<State>()) {
    using plugin::__start_lamina_registry;
    using plugin::__stop_lamina_registry;
    for (auto entry = __start_lamina_registry; entry != __stop_lamina_registry; ++entry)
        state_->built_in[{(*entry)->kind, (*entry)->name}] = (*entry)->table;
    state_->folders = search_path(std::move(extra));
    for (const fs::path& folder : state_->folders)
        state_->scan_folder(folder);
}

Registry::~Registry() = default;

static std::vector<fs::path>& global_path() {
    static std::vector<fs::path> folders;
    return folders;
}
static bool global_made = false;

Registry& Registry::global() {
    global_made = true;
    // Never destroyed: objects of plugins may outlive main's statics.
    static Registry* registry = new Registry(global_path());
    return *registry;
}

void set_plugin_path(std::vector<fs::path> folders) {
    if (global_made)
        fail(StatusCode::Internal,
             "the plugin path must be set before the first plugin is looked up");
    global_path() = std::move(folders);
}

Part Registry::find(std::string_view kind, std::string_view name) {
    const std::lock_guard lock(state_->mutex);
    const Key key{kind, name};
    if (const auto it = state_->built_in.find(key); it != state_->built_in.end())
        return {key.first, key.second, it->second, nullptr};
    const auto it = state_->parts.find(key);
    if (it == state_->parts.end())
        state_->not_found(key);
    auto loaded = state_->load(*it->second);
    const void* table = loaded->table(key.first, key.second);
    if (table == nullptr)
        fail(StatusCode::Internal,
             fmt::format("plugin {} promises {} `{}` in its manifest and does not register it",
                         loaded->name(), kind, name));
    return {key.first, key.second, table, std::move(loaded)};
}

bool Registry::has(std::string_view kind, std::string_view name) const {
    const std::lock_guard lock(state_->mutex);
    const Key key{kind, name};
    return state_->built_in.contains(key) || state_->parts.contains(key);
}

std::vector<Part> Registry::kernels_for(std::string_view backend) {
    std::vector<Part> out;
    for (const PartInfo& info : list("kernel")) {
        const auto pieces = split(info.name, '/');
        if (pieces.size() == 3 && pieces[1] == backend)
            out.push_back(find("kernel", info.name));
    }
    return out;
}

std::vector<PartInfo> Registry::list(std::string_view kind) const {
    const std::lock_guard lock(state_->mutex);
    std::vector<PartInfo> out;
    for (const auto& [key, table] : state_->built_in)
        if (kind.empty() || key.first == kind)
            out.push_back({key.first, key.second, "lamina", LAMINA_VERSION, {}});
    for (const auto& [key, c] : state_->parts)
        if (kind.empty() || key.first == kind)
            out.push_back({key.first, key.second, c->manifest.name, c->manifest.version, c->file});
    std::sort(out.begin(), out.end(), [](const PartInfo& a, const PartInfo& b) {
        return std::tie(a.kind, a.name) < std::tie(b.kind, b.name);
    });
    return out;
}

std::vector<std::string> Registry::names(std::string_view kind) const {
    std::vector<std::string> out;
    for (const PartInfo& info : list(kind))
        out.push_back(info.name);
    return out;
}

std::vector<fs::path> Registry::searched() const { return state_->folders; }
std::vector<Refusal> Registry::refusals() const { return state_->refusals; }

std::vector<fs::path> Registry::loaded() const {
    const std::lock_guard lock(state_->mutex);
    std::vector<fs::path> out;
    for (const auto& c : state_->candidates)
        if (!c->loaded.expired())
            out.push_back(c->file);
    return out;
}

} // namespace lamina
