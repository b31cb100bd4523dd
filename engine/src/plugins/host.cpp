#include "plugins/host.hpp"

#include <cstdlib>
#include <cstring>

#include <dlfcn.h>
#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/log.hpp"
#include "lamina/paths.hpp"
#include "lamina/plugin/plugin.hpp"
#include "lamina/thread_pool.hpp"
#include "plugins/host_io.hpp"
#include "plugins/schema.hpp"

namespace lamina {

void check(lm_status status, const lm_error& error, const char* where) {
    if (status == LM_OK)
        return;
    std::string message = error.message[0] != '\0'
                              ? error.message
                              : std::string(name(static_cast<StatusCode>(status)));
    if (where[0] != '\0')
        message = std::string(where) + ": " + message;
    fail(static_cast<StatusCode>(status), message);
}

lm_status caught(lm_error& error) noexcept {
    constexpr const char* what = "threw an exception across the plugin boundary";
    try {
        throw;
    } catch (const std::exception& e) {
        std::snprintf(error.message, sizeof error.message, "%s: %s", what, e.what());
    } catch (...) { // of another language, or of another standard library
        std::snprintf(error.message, sizeof error.message, "%s", what);
    }
    return error.code = LM_INTERNAL;
}

void name_plugin(lm_error& error, const void* function) noexcept {
    Dl_info info{};
    if (dladdr(function, &info) == 0)
        return;
    void* library = dlopen(info.dli_fname, RTLD_NOW | RTLD_NOLOAD);
    if (library == nullptr)
        return;
    if (void* entry = dlsym(library, LM_ENTRY_SYMBOL))
        try {
            const lm_plugin* plugin = reinterpret_cast<const lm_plugin* (*)()>(entry)();
            const std::string named =
                fmt::format("plugin {} ({}): {}", plugin->name, info.dli_fname, error.message);
            std::snprintf(error.message, sizeof error.message, "%s", named.c_str());
        } catch (...) { // no memory for the name: the message stands without it
            error.message[sizeof error.message - 1] = '\0';
        }
    dlclose(library);
}

namespace {

void host_log(int32_t level, const char* message) { log(static_cast<LogLevel>(level), message); }

void host_parallel_for(int64_t n, int64_t grain, lm_range_fn fn, void* context) {
    default_pool().parallel_for(n, grain,
                                [&](int64_t begin, int64_t end) { fn(context, begin, end); });
}

int32_t host_threads() { return default_pool().threads(); }

void* host_allocate(uint64_t bytes) {
    constexpr uint64_t alignment = 64;
    return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

/// The value at a path of keys parted by '/', or nullptr when it is absent or null.
const Json* lookup(const lm_config* config, const char* path) {
    const Json* at = &config->value;
    for (const char* begin = path;;) {
        const char* end = std::strchr(begin, '/');
        const std::string key = end != nullptr ? std::string(begin, end) : std::string(begin);
        if (!at->is_object())
            return nullptr;
        const auto it = at->find(key);
        if (it == at->end() || it->is_null())
            return nullptr;
        at = &*it;
        if (end == nullptr)
            return at;
        begin = end + 1;
    }
}

template <class Body>
lm_status with_value(const lm_config* config, const char* key, Body body) noexcept {
    try {
        const Json* value = lookup(config, key);
        return value == nullptr ? LM_NOT_FOUND : body(*value);
    } catch (...) {
        return LM_INVALID_ARGUMENT;
    }
}

lm_status config_int(const lm_config* config, const char* key, int64_t* out) {
    return with_value(config, key, [&](const Json& v) {
        if (!v.is_number())
            return LM_INVALID_ARGUMENT;
        *out = v.is_number_float() ? static_cast<int64_t>(v.get<double>()) : v.get<int64_t>();
        return LM_OK;
    });
}

lm_status config_float(const lm_config* config, const char* key, double* out) {
    return with_value(config, key, [&](const Json& v) { return *out = v.get<double>(), LM_OK; });
}

lm_status config_bool(const lm_config* config, const char* key, int32_t* out) {
    return with_value(config, key,
                      [&](const Json& v) { return *out = v.get<bool>() ? 1 : 0, LM_OK; });
}

/// Texts are kept in the configuration, so that plugins own nothing.
const char* keep(const lm_config* config, const char* key, std::string text) {
    return config->texts.insert_or_assign(key, std::move(text)).first->second.c_str();
}

lm_status config_string(const lm_config* config, const char* key, const char** out) {
    return with_value(config, key, [&](const Json& v) {
        if (!v.is_string())
            return LM_INVALID_ARGUMENT;
        *out = keep(config, key, v.get<std::string>());
        return LM_OK;
    });
}

lm_status config_json(const lm_config* config, const char* key, const char** out) {
    return with_value(config, key, [&](const Json& v) {
        *out = keep(config, (std::string("json:") + key).c_str(), v.dump());
        return LM_OK;
    });
}

lm_status config_ints(const lm_config* config, const char* key, uint64_t capacity, int64_t* out,
                      uint64_t* count) {
    return with_value(config, key, [&](const Json& v) {
        const Json list = v.is_array() ? v : Json::array({v});
        *count = list.size();
        for (uint64_t i = 0; i < list.size() && i < capacity; ++i) {
            if (list[i].is_null()) {
                out[i] = -1; // an extent that is not known: the batch
                continue;
            }
            if (!list[i].is_number())
                return LM_INVALID_ARGUMENT;
            out[i] = list[i].is_number_float() ? static_cast<int64_t>(list[i].get<double>())
                                               : list[i].get<int64_t>();
        }
        return LM_OK;
    });
}

const char* host_data_folder() {
    static const std::string folder = data_folder().string();
    return folder.c_str();
}

} // namespace

const lm_host* host_table() {
    static const lm_host table = [] {
        lm_host h{};
        h.struct_size = sizeof h;
        h.abi_major = LM_ABI_MAJOR;
        h.abi_minor = LM_ABI_MINOR;
        h.version = LAMINA_VERSION;
        h.graph = graph_api();
        h.store = store_api();
        h.log = host_log;
        h.parallel_for = host_parallel_for;
        h.threads = host_threads;
        h.allocate = host_allocate;
        h.free = std::free;
        h.config_int = config_int;
        h.config_float = config_float;
        h.config_bool = config_bool;
        h.config_string = config_string;
        h.config_ints = config_ints;
        h.config_json = config_json;
        h.cache_folder = host_cache_folder;
        h.decode_image = host_decode_image;
        h.read_file = host_read_file;
        h.fetch = host_fetch;
        h.data_folder = host_data_folder;
        h.resize_image = host_resize_image;
        return h;
    }();
    return &table;
}

} // namespace lamina
