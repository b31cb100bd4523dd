#include "keras_layout.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>
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
    const std::string name = without_suffix(path);
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
void read_numbered(hid_t parent, const std::string& path, Store& store) {
    if (const std::string vars = path + "/vars"; hdf5::has_group(parent, vars)) {
        const size_t count = hdf5::members(hdf5::open_group(parent, vars)).size();
        for (size_t i = 0; i < count; ++i)
            read_tensor(parent, vars + "/" + std::to_string(i), path, std::to_string(i), store);
    }
    for (const char* inner : {kLayers, kOldLayers}) {
        const std::string folder = path.empty() ? inner : path + "/" + inner;
        if (!hdf5::has_group(parent, folder))
            continue;
        for (const std::string& name : hdf5::members(hdf5::open_group(parent, folder)))
            read_numbered(parent, folder + "/" + name, store);
    }
}

} // namespace

bool is_layer(const std::string& group) { return group != kOptimizer && group != kCheckpoint; }

bool has_tensors(const Store& store, const std::string& group) {
    for (uint64_t i = 0; i < store.size(); ++i)
        if (store.tensor(i).group == group)
            return true;
    return false;
}

std::string without_suffix(const std::string& weight) {
    const size_t colon = weight.rfind(':');
    return colon == std::string::npos || weight.find('/', colon) != std::string::npos
               ? weight
               : weight.substr(0, colon);
}

void read_tensor(hid_t parent, const std::string& path, const std::string& group,
                 const std::string& name, Store& store) {
    const hdf5::Id dataset = hdf5::open_dataset(parent, path);
    const hdf5::TensorInfo info = hdf5::info(dataset, path);
    hdf5::read(dataset, info, store.add(group, name, info.dtype, info.dims), path);
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

void read_named_layout(hid_t group, Store& store) {
    const auto layers = hdf5::texts(group, "layer_names");
    if (!layers)
        invalid("the attribute `layer_names` is missing");
    for (const std::string& layer : *layers) {
        const hdf5::Id id = hdf5::open_group(group, layer);
        const auto weights = hdf5::texts(id, "weight_names");
        if (!weights)
            invalid("the attribute `weight_names` of layer `" + layer + "` is missing");
        for (const std::string& weight : *weights)
            read_tensor(id, weight, layer, weight_name(layer, weight), store);
    }
}

void write_named_layout(hid_t group, const Store& store, const std::vector<NamedClass>& layers) {
    std::vector<std::string> names;
    for (const NamedClass& layer : layers)
        names.push_back(layer.name);
    for (uint64_t i = 0; i < store.size(); ++i) {
        const std::string owner = store.tensor(i).group;
        if (is_layer(owner) && std::find(names.begin(), names.end(), owner) == names.end())
            names.push_back(owner);
    }
    std::map<std::string, std::vector<std::string>> weights;
    for (uint64_t i = 0; i < store.size(); ++i) {
        const Store::Tensor t = store.tensor(i);
        if (!is_layer(t.group))
            continue;
        const std::string path = t.group + "/" + t.name + ":0";
        hdf5::write(hdf5::make_group(group, t.group), path, {t.dtype, t.dims}, t.data);
        weights[t.group].push_back(path);
    }
    hdf5::write_texts(group, "layer_names", names);
    for (const std::string& name : names)
        hdf5::write_texts(hdf5::make_group(group, name), "weight_names", weights[name]);
}

void read_checkpoint(hid_t group, Store& store) {
    const auto names = hdf5::texts(group, "weight_names");
    if (!names)
        invalid(std::string("the attribute `weight_names` of `") + kCheckpoint + "` is missing");
    for (const std::string& name : *names)
        read_tensor(group, name, kCheckpoint, name, store);
}

void write_checkpoint(hid_t group, const Store& store) {
    std::vector<std::string> names;
    for (uint64_t i = 0; i < store.size(); ++i)
        if (const Store::Tensor t = store.tensor(i); t.group == kCheckpoint) {
            names.push_back(t.name);
            hdf5::write(group, t.name, {t.dtype, t.dims}, t.data);
        }
    hdf5::write_texts(group, "weight_names", names);
}

bool is_numbered_layout(hid_t file) {
    return hdf5::has_group(file, kLayers) || hdf5::has_group(file, kOldLayers);
}

void read_numbered_layout(hid_t file, Store& store) { read_numbered(file, "", store); }

void write_numbered_layout(hid_t file, const Store& store, const std::vector<NamedClass>& layers) {
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
    for (uint64_t i = 0; i < store.size(); ++i) {
        const Store::Tensor t = store.tensor(i);
        if (!is_layer(t.group))
            continue;
        if (!path_of.contains(t.group))
            invalid("the architecture has no layer `" + t.group + "`");
        hdf5::write(file, path_of[t.group] + "/vars/" + std::to_string(count[t.group]++),
                    {t.dtype, t.dims}, t.data);
    }
}

bool is_hdf5(const void* head, uint64_t bytes) {
    static constexpr char signature[] = "\x89HDF\r\n\x1a\n";
    return bytes >= 8 && std::memcmp(head, signature, 8) == 0;
}

} // namespace lamina::plugin
