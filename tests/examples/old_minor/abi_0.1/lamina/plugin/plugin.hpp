/// The base of the C++ SDK: errors, thunks that let no exception cross, registration and the entry
/// symbol.
///
/// A plugin is any set of .cpp files that register parts (LAMINA_LAYER, LAMINA_OPERATOR, ...) plus
/// one line
///     LAMINA_PLUGIN("acme_layers", "1.2.0")
/// in one of them. Registration needs neither a list nor a static constructor: each macro leaves a
/// pointer in the ELF section `lamina_registry`, which the entry walks, and a line of JSON in
/// `.lamina.manifest`, which the engine reads without loading the library.
#pragma once

#include <cstdio>
#include <cstring>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include "lamina/plugin/abi.h"

namespace lamina::plugin {

/// Thrown by SDK code and by plugins; becomes a status code and a message at the boundary.
class Error : public std::runtime_error {
  public:
    Error(lm_status code, const std::string& message) : std::runtime_error(message), code_(code) {}
    lm_status code() const { return code_; }

  private:
    lm_status code_;
};

[[noreturn]] inline void invalid(const std::string& message) {
    throw Error(LM_INVALID_ARGUMENT, message);
}
[[noreturn]] inline void unsupported(const std::string& message) {
    throw Error(LM_UNSUPPORTED, message);
}

inline lm_status report(lm_error* error, lm_status code, const char* message) noexcept {
    if (error != nullptr) {
        error->code = code;
        std::snprintf(error->message, sizeof error->message, "%s", message);
    }
    return code;
}

/// Runs body and turns whatever it throws into a status. Every function of a table is one of these.
template <class Body>
lm_status guard(lm_error* error, Body&& body) noexcept {
    try {
        body();
        return LM_OK;
    } catch (const Error& e) {
        return report(error, e.code(), e.what());
    } catch (const std::bad_alloc&) {
        return report(error, LM_OUT_OF_MEMORY, "out of host memory");
    } catch (const std::exception& e) {
        return report(error, LM_INTERNAL, e.what());
    } catch (...) {
        return report(error, LM_INTERNAL, "unknown exception");
    }
}

/// An lm_error ready to be passed to a call; check() throws what the call reported.
class Check {
  public:
    Check() { error_.struct_size = sizeof error_; }
    operator lm_error*() { return &error_; }
    void operator()(lm_status status) const {
        if (status != LM_OK)
            throw Error(status, error_.message);
    }

  private:
    lm_error error_{};
};

/// Calls a function of a C table whose last parameter is an lm_error*, and throws on failure.
template <class Function, class... Args>
void call(Function* function, Args&&... args) {
    Check check;
    lm_error* error = check;
    check(function(static_cast<Args&&>(args)..., error));
}

struct Registration {
    const char* kind;
    const char* name;
    const void* table;
};

#if defined(__GNUC__)
extern "C" {
extern const Registration* const __start_lamina_registry[]
    __attribute__((weak, visibility("hidden")));
extern const Registration* const __stop_lamina_registry[]
    __attribute__((weak, visibility("hidden")));
}
#endif

/// The host table that this library was initialised with.
inline const lm_host*& host_slot() {
    static constinit const lm_host* host = nullptr;
    return host;
}
inline const lm_host* host() { return host_slot(); }

inline lm_status register_all(const lm_host* host_table, const lm_registrar* registrar,
                              lm_error* error) noexcept {
    host_slot() = host_table;
    for (auto entry = __start_lamina_registry; entry != __stop_lamina_registry; ++entry) {
        const lm_status status = registrar->add(registrar->context, (*entry)->kind, (*entry)->name,
                                                (*entry)->table, error);
        if (status != LM_OK)
            return status;
    }
    return LM_OK;
}

} // namespace lamina::plugin

#define LAMINA_CONCAT_(a, b) a##b
#define LAMINA_CONCAT(a, b) LAMINA_CONCAT_(a, b)
#define LAMINA_STRING_(x) #x
#define LAMINA_STRING(x) LAMINA_STRING_(x)

#define LAMINA_MANIFEST_LINE(id, text)                                                             \
    __attribute__((section(LM_MANIFEST_SECTION), used)) static const char LAMINA_CONCAT(           \
        lamina_manifest_, id)[] = text "\n";

/// Registers a table under kind and name (string literals); id: an identifier, unique in the file.
#define LAMINA_REGISTER(id, kind, name, table)                                                     \
    static constexpr ::lamina::plugin::Registration LAMINA_CONCAT(lamina_registration_,            \
                                                                  id){kind, name, table};          \
    __attribute__((                                                                                \
        section("lamina_registry"),                                                                \
        used)) static const ::lamina::plugin::Registration* const LAMINA_CONCAT(lamina_entry_,     \
                                                                                id) =              \
        &LAMINA_CONCAT(lamina_registration_, id);                                                  \
    LAMINA_MANIFEST_LINE(id, "{\"kind\":\"" kind "\",\"name\":\"" name "\"}")

/// The plugin's identity and its entry symbol: once a library.
#define LAMINA_PLUGIN(plugin_name, plugin_version)                                                 \
    LAMINA_MANIFEST_LINE(plugin,                                                                   \
                         "{\"lamina_abi\":\"" LAMINA_STRING(LM_ABI_MAJOR) "." LAMINA_STRING(       \
                             LM_ABI_MINOR) "\",\"name\":\"" plugin_name                            \
                                           "\",\"version\":\"" plugin_version "\"}")               \
    static constexpr lm_plugin lamina_plugin_table{sizeof(lm_plugin),                              \
                                                   LM_ABI_MAJOR,                                   \
                                                   LM_ABI_MINOR,                                   \
                                                   plugin_name,                                    \
                                                   plugin_version,                                 \
                                                   &::lamina::plugin::register_all,                \
                                                   nullptr};                                       \
    extern "C" LM_EXPORT const lm_plugin* lamina_plugin(void) { return &lamina_plugin_table; }
