/// Model formats: files that hold an architecture, weights, or both.
///
///     static int32_t probe_tar(const char* path, const void* head, uint64_t bytes);
///     static void read_tar(const Config&, const std::string& path, Store& store);
///     static void write_tar(const Config&, const std::string& path, const Store& store);
///     LAMINA_FORMAT(tar, "{}", "weights in a tar", ".tar", probe_tar, read_tar, write_tar)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lamina/plugin/config.hpp"

namespace lamina::plugin {

/// What a file holds. Texts: "architecture" (Keras's JSON), "training_config", "keras_version",
/// "backend", and any other that the engine wants to find again under its key.
class Store {
  public:
    /// group: the layer's name, "optimizer", or "lamina_checkpoint" for what a checkpoint holds
    /// beside the model. data lives as long as the store.
    struct Tensor {
        std::string group, name;
        lm_dtype dtype = LM_F32;
        std::vector<int64_t> dims;
        const void* data = nullptr;
    };

    Store(const lm_host* host, lm_store* store) : api_(host->store), store_(store), view_(store) {}
    /// One to read from.
    Store(const lm_host* host, const lm_store* store) : api_(host->store), view_(store) {}

    std::optional<std::string> text(const char* key) const {
        const char* found = api_->text(view_, key);
        return found == nullptr ? std::nullopt : std::optional<std::string>(found);
    }
    void set_text(const std::string& key, const std::string& value) {
        call(api_->set_text, store_, key.c_str(), value.c_str());
    }
    std::vector<std::string> text_keys() const {
        std::vector<std::string> keys;
        while (const char* key = api_->text_key(view_, keys.size()))
            keys.emplace_back(key);
        return keys;
    }

    uint64_t size() const { return api_->tensor_count(view_); }
    Tensor tensor(uint64_t index) const {
        lm_stored_tensor t{};
        t.struct_size = sizeof t;
        call(api_->tensor, view_, index, &t);
        return {t.group, t.name, static_cast<lm_dtype>(t.type.dtype),
                std::vector<int64_t>(t.type.dims, t.type.dims + t.type.rank), t.data};
    }
    /// Adds a tensor and returns where its bytes, row-major, are to be written.
    void* add(const std::string& group, const std::string& name, lm_dtype dtype,
              const std::vector<int64_t>& dims) {
        lm_stored_tensor t{};
        t.struct_size = sizeof t;
        t.group = group.c_str();
        t.name = name.c_str();
        t.type = {sizeof t.type, dtype, static_cast<int32_t>(dims.size()), 0, dims.data()};
        void* target = nullptr;
        call(api_->add_tensor, store_, &t, &target);
        return target;
    }

  private:
    const lm_store_api* api_;
    lm_store* store_ = nullptr;
    const lm_store* view_;
};

namespace detail {

using ReadFormat = void (*)(const Config&, const std::string&, Store&);
using WriteFormat = void (*)(const Config&, const std::string&, const Store&);

template <ReadFormat Read>
lm_status format_read(const lm_host* host, const lm_config* config, const char* path, lm_store* raw,
                      lm_error* error) noexcept {
    return guard(error, [&] {
        Store store(host, raw);
        Read(Config(host, config), path, store);
    });
}

template <WriteFormat Write>
lm_status format_write(const lm_host* host, const lm_config* config, const char* path,
                       const lm_store* raw, lm_error* error) noexcept {
    return guard(error, [&] { Write(Config(host, config), path, Store(host, raw)); });
}

} // namespace detail

using ProbeFormat = int32_t (*)(const char* path, const void* head, uint64_t bytes);

template <detail::ReadFormat Read, detail::WriteFormat Write>
constexpr lm_format format(const char* schema, const char* doc, const char* extensions,
                           ProbeFormat probe) {
    return {sizeof(lm_format),           schema, doc, extensions, probe, &detail::format_read<Read>,
            &detail::format_write<Write>};
}

} // namespace lamina::plugin

/// name: an identifier. extensions: ".h5,.hdf5"; the longest that fits a path rules. probe must not
/// throw.
#define LAMINA_FORMAT(name, schema, doc, extensions, probe, read, write)                           \
    static constexpr lm_format LAMINA_CONCAT(lamina_format_, name) =                               \
        ::lamina::plugin::format<&read, &write>(schema, doc, extensions, &probe);                  \
    LAMINA_REGISTER(name, "format", #name, &LAMINA_CONCAT(lamina_format_, name))
