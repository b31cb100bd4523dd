/// HDF5 files of Keras: whole models (.h5), weights of Keras 1 and 2 (.h5), and .weights.h5.
#include <nlohmann/json.hpp>

#include "keras_layout.hpp"
#include "optimizer_state.hpp"

namespace lamina::plugin {

namespace {

/// Architecture and configuration are kept under Keras's names, all else under its own.
const char* store_key(const std::string& attribute) {
    return attribute == "model_config" ? "architecture" : attribute.c_str();
}

bool is_own_text(const std::string& key) {
    return key == "architecture" || key == "keras_version" || key == "backend";
}

/// An architecture as an .h5 has it: the attribute model_config has class_name and config alone.
struct Attributes {
    std::string model_config, keras_version;

    /// stated: the version that the store has beside the architecture.
    Attributes(const std::string& architecture, const std::optional<std::string>& stated) {
        auto json = nlohmann::ordered_json::parse(architecture);
        keras_version = json.value("keras_version", stated.value_or("2.15.0"));
        json.erase("keras_version");
        json.erase("backend");
        model_config = json.dump();
    }
};

void refuse_foreign_kernels(hid_t weights) {
    const auto backend = hdf5::text(weights, "backend");
    if (backend == "theano")
        unsupported("its weights were written by Keras on Theano, whose kernels are flipped; "
                    "load and save it with Keras 2 on TensorFlow first");
}

void read_h5(const Config&, const std::string& path, Store& store) {
    const hdf5::Lock lock;
    const hdf5::Id file = hdf5::open_file(path);
    for (const std::string& name : hdf5::text_attributes(file))
        store.set_text(store_key(name), *hdf5::text(file, name.c_str()));
    if (is_named_layout(file)) {
        refuse_foreign_kernels(file);
        read_named_layout(file, store);
    } else if (hdf5::has_group(file, "model_weights")) {
        const hdf5::Id weights = hdf5::open_group(file, "model_weights");
        refuse_foreign_kernels(weights);
        read_named_layout(weights, store);
    } else if (is_numbered_layout(file)) {
        return read_numbered_layout(file, store);
    } else if (H5Aexists(file, "nb_layers") > 0) {
        unsupported("weights of before Keras 1.0, which name neither layers nor the order of "
                    "axes; load and save it with Keras 2 first");
    } else if (!store.text("architecture")) {
        invalid("HDF5, but no model of Keras: it has neither `layer_names` nor `model_weights` nor "
                "`layers`");
    }
    if (hdf5::has_group(file, "optimizer_weights"))
        read_optimizer_state(hdf5::open_group(file, "optimizer_weights"), store);
    if (hdf5::has_group(file, kCheckpoint))
        read_checkpoint(hdf5::open_group(file, kCheckpoint), store);
}

std::string architecture_of(const Store& store) {
    const auto architecture = store.text("architecture");
    if (!architecture)
        invalid("there is no architecture to write");
    return *architecture;
}

void write_h5(const Config&, const std::string& path, const Store& store) {
    const std::string architecture = architecture_of(store);
    const Attributes attributes(architecture, store.text("keras_version"));
    const hdf5::Lock lock;
    const hdf5::Id file = hdf5::create_image();
    const auto write_version = [&](hid_t where) {
        hdf5::write_text(where, "keras_version", attributes.keras_version);
        hdf5::write_text(where, "backend", "tensorflow");
    };
    write_version(file);
    hdf5::write_text(file, "model_config", attributes.model_config);
    for (const std::string& key : store.text_keys())
        if (!is_own_text(key))
            hdf5::write_text(file, key.c_str(), *store.text(key.c_str()));
    {
        const hdf5::Id weights = hdf5::make_group(file, "model_weights");
        write_version(weights);
        write_named_layout(weights, store, layers_of(architecture));
    }
    if (has_tensors(store, kOptimizer))
        write_optimizer_state(hdf5::make_group(file, "optimizer_weights"), store);
    if (has_tensors(store, kCheckpoint))
        write_checkpoint(hdf5::make_group(file, kCheckpoint), store);
    hdf5::write_image(file, path);
}

void write_weights_h5(const Config&, const std::string& path, const Store& store) {
    const auto layers = layers_of(architecture_of(store));
    const hdf5::Lock lock;
    const hdf5::Id file = hdf5::create_image();
    write_numbered_layout(file, store, layers);
    hdf5::write_image(file, path);
}

int32_t probe_h5(const char*, const void* head, uint64_t bytes) {
    return is_hdf5(head, bytes) ? 1 : 0;
}

} // namespace

LAMINA_FORMAT(keras_h5, "{}", "Keras's HDF5: whole models, and weights of every layout",
              ".h5,.hdf5", probe_h5, read_h5, write_h5)
LAMINA_FORMAT(keras_weights_h5, "{}", "Keras 3's HDF5 of weights alone", ".weights.h5", probe_h5,
              read_h5, write_weights_h5)

} // namespace lamina::plugin
