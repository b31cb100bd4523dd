#include "keras_h5.hpp"

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

    /// stated: the version that is kept beside the architecture.
    Attributes(const std::string& architecture, const std::string& stated) {
        auto json = nlohmann::ordered_json::parse(architecture);
        keras_version = json.value("keras_version", stated);
        json.erase("keras_version");
        json.erase("backend");
        model_config = json.dump();
    }
};

/// Who computed with the weights, where the file itself does not say.
void keep_backend(hid_t weights, Reading& reading) {
    if (const auto backend = hdf5::text(weights, "backend"))
        reading.content.texts.emplace("backend", *backend);
}

std::string architecture_of(const Content& content) {
    if (!content.texts.contains("architecture"))
        invalid("there is no architecture to write");
    return content.text("architecture");
}

} // namespace

void read_h5(const std::string& path, Reading& reading) {
    const hdf5::Id file = hdf5::open_file(path);
    for (const std::string& name : hdf5::text_attributes(file))
        reading.content.texts[store_key(name)] = *hdf5::text(file, name.c_str());
    if (is_named_layout(file)) {
        read_named_layout(file, reading);
    } else if (hdf5::has_group(file, "model_weights")) {
        const hdf5::Id weights = hdf5::open_group(file, "model_weights");
        keep_backend(weights, reading);
        read_named_layout(weights, reading);
    } else if (is_numbered_layout(file)) {
        return read_numbered_layout(file, reading);
    } else if (is_positional_layout(file)) {
        return read_positional_layout(file, reading);
    } else if (!reading.content.texts.contains("architecture")) {
        invalid("HDF5, but no model of Keras: it has neither `layer_names` nor `model_weights` nor "
                "`layers`");
    }
    if (hdf5::has_group(file, "optimizer_weights"))
        read_optimizer_state(hdf5::open_group(file, "optimizer_weights"), reading);
    if (hdf5::has_group(file, kCheckpoint))
        read_checkpoint(hdf5::open_group(file, kCheckpoint), reading);
}

/// Tensors that are no model's: each under its own name.
static void write_tensors(const std::string& path, Writing& writing) {
    hdf5::Id file = hdf5::create_file(path);
    for (const auto& [key, text] : writing.content().texts)
        hdf5::write_text(file, key.c_str(), text);
    for (size_t i = 0; i < writing.size(); ++i) {
        const StoredTensor& t = writing.tensor(i);
        writing.write(i, file, t.group.empty() ? t.name : t.group + "/" + t.name);
    }
    file.close("the file cannot be written");
}

void write_h5(const std::string& path, Writing& writing) {
    const Content& content = writing.content();
    if (!content.texts.contains("architecture"))
        return write_tensors(path, writing);
    const std::string architecture = architecture_of(content);
    const Attributes attributes(architecture, content.text("keras_version", "2.15.0"));
    hdf5::Id file = hdf5::create_file(path);
    const auto write_version = [&](hid_t where) {
        hdf5::write_text(where, "keras_version", attributes.keras_version);
        hdf5::write_text(where, "backend", "tensorflow");
    };
    write_version(file);
    hdf5::write_text(file, "model_config", attributes.model_config);
    for (const auto& [key, text] : content.texts)
        if (!is_own_text(key))
            hdf5::write_text(file, key.c_str(), text);
    {
        const hdf5::Id weights = hdf5::make_group(file, "model_weights");
        write_version(weights);
        write_named_layout(weights, writing, layers_of(architecture));
    }
    if (has_tensors(content, kOptimizer))
        write_optimizer_state(hdf5::make_group(file, "optimizer_weights"), writing);
    if (has_tensors(content, kCheckpoint))
        write_checkpoint(hdf5::make_group(file, kCheckpoint), writing);
    file.close("the file cannot be written");
}

void write_weights_h5(const std::string& path, Writing& writing) {
    const auto layers = layers_of(architecture_of(writing.content()));
    hdf5::Id file = hdf5::create_file(path);
    write_numbered_layout(file, writing, layers);
    file.close("the file cannot be written");
}

void read_archived_h5(const std::string& path, Reading& reading) {
    const hdf5::Id file = hdf5::open_file(path);
    read_numbered_layout(file, reading);
    read_numbered_optimizer_state(file, reading);
}

void write_archived_h5(const std::string& path, Writing& writing) {
    const auto layers = layers_of(architecture_of(writing.content()));
    hdf5::Id file = hdf5::create_file(path);
    write_numbered_layout(file, writing, layers);
    if (has_tensors(writing.content(), kOptimizer))
        write_numbered_optimizer_state(hdf5::make_group(file, "optimizer/vars"), writing);
    file.close("the file cannot be written");
}

} // namespace lamina::plugin
