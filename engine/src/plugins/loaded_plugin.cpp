#include "plugins/loaded_plugin.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/plugin/plugin.hpp"
#include "plugins/host.hpp"

namespace lamina {

namespace {

/// How large a kind's table is in this ABI, and in the oldest that this engine loads, 0.1.
struct TableSize {
    uint32_t now = 0, oldest = 0;
};
template <class Table>
constexpr TableSize unchanged() {
    return {sizeof(Table), sizeof(Table)};
}

TableSize table_size(std::string_view kind) {
    if (kind == "backend")
        return unchanged<lm_backend>();
    if (kind == "operator")
        return unchanged<lm_operator>();
    if (kind == "kernel")
        return {sizeof(lm_kernel), offsetof(lm_kernel, dispatch) + sizeof(lm_kernel::dispatch)};
    if (kind == "dataset")
        return unchanged<lm_dataset>();
    if (kind == "augmentation")
        return {sizeof(lm_augmentation),
                offsetof(lm_augmentation, apply) + sizeof(lm_augmentation::apply)};
    if (kind == "format")
        return unchanged<lm_format>();
    if (kind == "callback")
        return unchanged<lm_observer>();
    for (const char* k : {"layer", "activation", "loss", "metric", "initializer", "regularizer",
                          "optimizer", "schedule", "model"})
        if (kind == k)
            return unchanged<lm_graph_function>();
    return {};
}

} // namespace

const void* LoadedPlugin::widened(const void* table, uint32_t size) {
    const uint32_t given = *static_cast<const uint32_t*>(table);
    if (given >= size)
        return table;
    auto& copy = widened_.emplace_back((size + sizeof(uint64_t) - 1) / sizeof(uint64_t));
    std::memcpy(copy.data(), table, given);
    return copy.data();
}

lm_status LoadedPlugin::add(void* self, const char* kind, const char* name, const void* table,
                            lm_error* error) {
    auto& plugin = *static_cast<LoadedPlugin*>(self);
    const TableSize size = table_size(kind);
    if (size.now == 0)
        return plugin::report(
            error, LM_INVALID_ARGUMENT,
            fmt::format("registers `{}` of the unknown kind `{}`", name, kind).c_str());
    if (table == nullptr || *static_cast<const uint32_t*>(table) < size.oldest)
        return plugin::report(
            error, LM_INVALID_ARGUMENT,
            fmt::format("the table of {} `{}` is too small: {} bytes, this engine needs {}", kind,
                        name, table == nullptr ? 0 : *static_cast<const uint32_t*>(table),
                        size.oldest)
                .c_str());
    const std::pair key{std::string(kind), std::string(name)};
    if (!plugin.tables_.emplace(key, plugin.widened(table, size.now)).second)
        return plugin::report(error, LM_INVALID_ARGUMENT,
                              fmt::format("registers {} `{}` twice", kind, name).c_str());
    return LM_OK;
}

LoadedPlugin::LoadedPlugin(const std::filesystem::path& file, const Manifest& manifest)
    : file_(file), name_(manifest.name) {
    using boost::dll::load_mode::rtld_local;
    using boost::dll::load_mode::rtld_now;
    std::error_code code;
    library_.load(file.string(), code, rtld_now | rtld_local);
    if (code) {
        // The text of dlerror is behind the exception, not the code.
        try {
            library_.load(file.string(), rtld_now | rtld_local);
        } catch (const std::exception& e) {
            fail(StatusCode::Unsupported, fmt::format("cannot be loaded: {}", e.what()));
        }
    }
    if (!library_.has(LM_ENTRY_SYMBOL))
        fail(StatusCode::Unsupported, fmt::format("has no symbol `{}`", LM_ENTRY_SYMBOL));
    plugin_ = library_.get<const lm_plugin*()>(LM_ENTRY_SYMBOL)();
    if (plugin_ == nullptr || plugin_->struct_size < sizeof(lm_plugin))
        fail(StatusCode::Unsupported, "its lm_plugin struct is too small for this engine");
    if (plugin_->abi_major != manifest.abi_major || plugin_->abi_minor != manifest.abi_minor)
        fail(StatusCode::Unsupported, "its manifest and its entry state different ABI versions");
    const lm_registrar registrar{sizeof registrar, this, &LoadedPlugin::add};
    lm_error error{};
    error.struct_size = sizeof error;
    lm_status status = LM_OK;
    bool threw = false;
    // What a plugin throws must be gone before its library is: the ABI forbids it, some will do it.
    try {
        status = plugin_->init(host_table(), &registrar, &error);
    } catch (...) {
        threw = true;
    }
    if (threw)
        fail(StatusCode::Internal, "its init threw an exception across the plugin boundary");
    if (status != LM_OK)
        fail(static_cast<StatusCode>(status), fmt::format("its init failed: {}", error.message));
}

LoadedPlugin::~LoadedPlugin() {
    if (plugin_ != nullptr && plugin_->shutdown != nullptr)
        plugin_->shutdown();
}

const void* LoadedPlugin::table(const std::string& kind, const std::string& name) const {
    const auto it = tables_.find({kind, name});
    return it == tables_.end() ? nullptr : it->second;
}

} // namespace lamina
