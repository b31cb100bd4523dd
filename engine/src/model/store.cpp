#include "model/store.hpp"

#include <cstring>
#include <iterator>

#include "graph/node_desc.hpp"
#include "lamina/error.hpp"
#include "lamina/plugin/plugin.hpp"
#include "plugins/host.hpp"

namespace lamina {

namespace {

const char* text(const lm_store* store, const char* key) {
    const auto it = store->texts.find(key);
    return it == store->texts.end() ? nullptr : it->second.c_str();
}

lm_status set_text(lm_store* store, const char* key, const char* value, lm_error* error) {
    return plugin::guard(error, [&] { store->texts[key] = value; });
}

uint64_t tensor_count(const lm_store* store) { return store->tensors.size(); }

lm_status tensor(const lm_store* store, uint64_t index, lm_stored_tensor* out, lm_error* error) {
    return plugin::guard(error, [&] {
        if (index >= store->tensors.size())
            plugin::invalid("no tensor has that index");
        const StoredTensor& t = store->tensors[index];
        out->group = t.group.c_str();
        out->name = t.name.c_str();
        out->type = {sizeof out->type, static_cast<lm_dtype>(t.data.dtype()),
                     static_cast<int32_t>(t.data.shape().rank()), 0, t.data.shape().begin()};
        out->data = t.data.raw();
    });
}

lm_status add_tensor(lm_store* store, const lm_stored_tensor* in, void** target, lm_error* error) {
    return plugin::guard(error, [&] {
        const TensorType type = from_plugin(in->type.dtype, in->type.rank, in->type.dims);
        StoredTensor t{in->group, in->name, Tensor::uninitialized(type.dtype, type.shape)};
        if (in->data != nullptr)
            std::memcpy(t.data.raw(), in->data, t.data.bytes());
        store->tensors.push_back(std::move(t));
        if (target != nullptr)
            *target = store->tensors.back().data.raw();
    });
}

const char* text_key(const lm_store* store, uint64_t index) {
    if (index >= store->texts.size())
        return nullptr;
    return std::next(store->texts.begin(), static_cast<std::ptrdiff_t>(index))->first.c_str();
}

} // namespace

const lm_store_api* store_api() {
    static constexpr lm_store_api api{sizeof(lm_store_api), text,    set_text, tensor_count, tensor,
                                      add_tensor,           text_key};
    return &api;
}

} // namespace lamina
