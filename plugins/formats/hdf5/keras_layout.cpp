#include "keras_layout.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include <nlohmann/json.hpp>

namespace lamina::plugin {

namespace {

/// The file's own names for where layers are kept; the second is of tf.keras 2.12.
constexpr const char* kLayers = "layers";
constexpr const char* kOldLayers = "_layer_checkpoint_dependencies";

/// "conv/kernel:0" of the layer conv is kernel; "scope/conv/kernel:0" too. What does not end in the
/// layer's own name is left whole, but for the layer's name in front.
std::string weight_name(const std::string& layer, const std::string& path) {
    std::string name = without_suffix(path);
    const size_t slash = name.rfind('/');
    if (slash == std::string::npos)
        return name;
    const std::string scope = name.substr(0, slash);
    if (scope == layer || scope.ends_with("/" + layer))
        return name.substr(slash + 1);
    return name.starts_with(layer + "/") ? name.substr(layer.size() + 1) : name;
}

/// As keras.src.utils.naming.to_snake_case.
std::string snake_case(const std::string& name) {
    const auto is = [&](size_t i, int (*test)(int)) {
        return i < name.size() && test(static_cast<unsigned char>(name[i])) != 0;
    };
    std::string out;
    for (size_t i = 0; i < name.size(); ++i) {
        const bool starts_word = is(i, std::isupper) && is(i + 1, std::islower);
        const bool after_word = is(i, std::isupper) && i > 0 && is(i - 1, std::islower);
        if (i > 0 && (starts_word || after_word))
            out += '_';
        out += static_cast<char>(std::tolower(static_cast<unsigned char>(name[i])));
    }
    return out;
}

/// Reads the numbered weights of one object of Keras, and of the layers inside it.
void read_numbered(hid_t parent, const std::string& path, Reading& reading) {
    read_numbers(parent, path, path, reading);
    for (const char* inner : {kLayers, kOldLayers}) {
        const std::string folder = path.empty() ? inner : path + "/" + inner;
        if (!hdf5::has_group(parent, folder))
            continue;
        for (const std::string& name : hdf5::members(hdf5::open_group(parent, folder)))
            read_numbered(parent, folder + "/" + name, reading);
    }
}

} // namespace

void read_numbers(hid_t parent, const std::string& path, const std::string& group,
                  Reading& reading) {
    const std::string vars = path + "/vars";
    if (!hdf5::has_group(parent, vars))
        return;
    const size_t count = hdf5::members(hdf5::open_group(parent, vars)).size();
    for (size_t i = 0; i < count; ++i)
        reading.add(parent, vars + "/" + std::to_string(i), group, std::to_string(i));
}

bool is_layer(const std::string& group) { return group != kOptimizer && group != kCheckpoint; }

bool has_tensors(const Content& content, const std::string& group) {
    return std::any_of(content.tensors.begin(), content.tensors.end(),
                       [&](const StoredTensor& t) { return t.group == group; });
}

std::string without_suffix(const std::string& weight) {
    const size_t colon = weight.rfind(':');
    return colon == std::string::npos || weight.find('/', colon) != std::string::npos
               ? weight
               : weight.substr(0, colon);
}

std::vector<NamedClass> layers_of(const std::string& architecture) {
    std::vector<NamedClass> out;
    try {
        const auto json = nlohmann::json::parse(architecture);
        const auto& config = json.at("config");
        for (const auto& layer : config.is_array() ? config : config.at("layers")) {
            const auto& own = layer.at("config");
            const std::string name = layer.contains("name") ? layer.at("name") : own.at("name");
            out.push_back({name, layer.at("class_name")});
        }
    } catch (const nlohmann::json::exception& e) {
        invalid(std::string("the architecture is not Keras's JSON: ") + e.what());
    }
    return out;
}

bool is_named_layout(hid_t group) { return hdf5::texts(group, "layer_names").has_value(); }

void read_named_layout(hid_t group, Reading& reading) {
    const auto layers = hdf5::texts(group, "layer_names");
    if (!layers)
        invalid("the attribute `layer_names` is missing");
    for (const std::string& layer : *layers) {
        const hdf5::Id id = hdf5::open_group(group, layer);
        const auto weights = hdf5::texts(id, "weight_names");
        if (!weights)
            invalid("the attribute `weight_names` of layer `" + layer + "` is missing");
        for (const std::string& weight : *weights)
            reading.add(id, weight, layer, weight_name(layer, weight));
    }
}

void write_named_layout(hid_t group, Writing& writing, const std::vector<NamedClass>& layers) {
    std::vector<std::string> names;
    names.reserve(layers.size());
    for (const NamedClass& layer : layers)
        names.push_back(layer.name);
    for (const StoredTensor& t : writing.content().tensors)
        if (is_layer(t.group) && std::find(names.begin(), names.end(), t.group) == names.end())
            names.push_back(t.group);
    std::map<std::string, std::vector<std::string>> weights;
    for (size_t i = 0; i < writing.size(); ++i) {
        const StoredTensor& t = writing.tensor(i);
        if (!is_layer(t.group))
            continue;
        const std::string path = t.group + "/" + t.name + ":0";
        writing.write(i, hdf5::make_group(group, t.group), path);
        weights[t.group].push_back(path);
    }
    hdf5::write_texts(group, "layer_names", names);
    for (const std::string& name : names)
        hdf5::write_texts(hdf5::make_group(group, name), "weight_names", weights[name]);
}

void read_checkpoint(hid_t group, Reading& reading) {
    const auto names = hdf5::texts(group, "weight_names");
    if (!names)
        invalid(std::string("the attribute `weight_names` of `") + kCheckpoint + "` is missing");
    for (const std::string& name : *names)
        reading.add(group, name, kCheckpoint, name);
}

void write_checkpoint(hid_t group, Writing& writing) {
    std::vector<std::string> names;
    for (size_t i = 0; i < writing.size(); ++i)
        if (const StoredTensor& t = writing.tensor(i); t.group == kCheckpoint) {
            names.push_back(t.name);
            writing.write(i, group, t.name);
        }
    hdf5::write_texts(group, "weight_names", names);
}

bool is_numbered_layout(hid_t file) {
    return hdf5::has_group(file, kLayers) || hdf5::has_group(file, kOldLayers);
}

void read_numbered_layout(hid_t file, Reading& reading) { read_numbered(file, "", reading); }

bool is_positional_layout(hid_t file) { return H5Aexists(file, "nb_layers") > 0; }

void read_positional_layout(hid_t file, Reading& reading) {
    const auto count = [](hid_t object, const char* name) {
        const auto number = hdf5::number(object, name);
        if (!number || *number < 0)
            invalid(std::string("the attribute `") + name + "` is missing or no count");
        return *number;
    };
    for (int64_t k = 0, layers = count(file, "nb_layers"); k < layers; ++k) {
        const std::string layer = "layer_" + std::to_string(k);
        const hdf5::Id group = hdf5::open_group(file, layer);
        for (int64_t p = 0, params = count(group, "nb_params"); p < params; ++p) {
            const std::string name = "param_" + std::to_string(p);
            reading.add(group, name, layer, name);
        }
    }
}

void write_numbered_layout(hid_t file, Writing& writing, const std::vector<NamedClass>& layers) {
    std::map<std::string, std::string> path_of;
    std::map<std::string, int> seen;
    for (const NamedClass& layer : layers) {
        const std::string base = snake_case(layer.class_name);
        const int n = seen[base]++;
        const std::string path =
            std::string(kLayers) + "/" + (n == 0 ? base : base + "_" + std::to_string(n));
        path_of[layer.name] = path;
        hdf5::make_group(file, path + "/vars");
    }
    hdf5::make_group(file, "vars");
    std::map<std::string, int> count;
    for (size_t i = 0; i < writing.size(); ++i) {
        const StoredTensor& t = writing.tensor(i);
        if (!is_layer(t.group))
            continue;
        if (!path_of.contains(t.group))
            invalid("the architecture has no layer `" + t.group + "`");
        writing.write(i, file, path_of[t.group] + "/vars/" + std::to_string(count[t.group]++));
    }
}

} // namespace lamina::plugin
