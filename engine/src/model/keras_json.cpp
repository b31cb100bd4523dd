#include "model/keras_json.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/registry.hpp"
#include "lamina/text.hpp"
#include "model/keras_dialect.hpp"

namespace lamina {

namespace {

/// Where a layer's input comes from, by name, before the layers are in order.
struct NamedRef {
    std::string layer;
    int node = 0, tensor = 0;
};

struct NamedLayer {
    LayerSpec spec;
    std::vector<std::vector<NamedRef>> calls;
};

[[noreturn]] void malformed(const std::string& source, const std::string& reason) {
    fail(StatusCode::InvalidArgument, fmt::format("{}: {}", source, reason));
}

/// The member of an object, which must be there.
const Json& member(const Json& json, const char* key, const std::string& where) {
    if (!json.is_object() || !json.contains(key))
        malformed(where, fmt::format("the key `{}` is missing", key));
    return json.at(key);
}

const std::string& text_of(const Json& json, const char* key, const std::string& where) {
    if (!json.is_string())
        malformed(where, fmt::format("`{}` must be a string, got {}", key, json.dump()));
    return json.get_ref<const std::string&>();
}

/// The name that an object gives itself, or the default.
std::string name_in(const Json& json, const std::string& otherwise, const std::string& where) {
    return json.is_object() && json.contains("name") ? text_of(json.at("name"), "name", where)
                                                     : otherwise;
}

const Json& list_of(const Json& json, const char* key, const std::string& where) {
    const Json& list = member(json, key, where);
    if (!list.is_array())
        malformed(where, fmt::format("`{}` must be a list, got {}", key, list.dump()));
    return list;
}

/// ["name", node, tensor] or ["name", node, tensor, kwargs].
NamedRef legacy_ref(const Json& json, const std::string& where) {
    if (!json.is_array() || json.size() < 3 || !json[0].is_string() ||
        !json[1].is_number_unsigned() || !json[2].is_number_unsigned())
        malformed(where, "an inbound node must be [layer, node, tensor], got " + json.dump());
    return {json[0].get<std::string>(), json[1].get<int>(), json[2].get<int>()};
}

/// Keras 3: {"class_name": "__keras_tensor__", "config": {"keras_history": [...]}}, possibly in
/// nested lists.
void collect_tensors(const Json& json, std::vector<NamedRef>& out, const std::string& where) {
    if (json.is_array())
        for (const Json& e : json)
            collect_tensors(e, out, where);
    else if (json.is_object() && json.contains("class_name") &&
             json.at("class_name") == "__keras_tensor__")
        out.push_back(
            legacy_ref(member(member(json, "config", where), "keras_history", where), where));
}

std::vector<std::vector<NamedRef>> inbound_calls(const Json& layer, const std::string& where) {
    std::vector<std::vector<NamedRef>> calls;
    if (!layer.contains("inbound_nodes"))
        return calls;
    for (const Json& node : list_of(layer, "inbound_nodes", where)) {
        std::vector<NamedRef> refs;
        if (node.is_object())
            collect_tensors(member(node, "args", where), refs, where);
        else
            for (const Json& ref : node)
                refs.push_back(legacy_ref(ref, where));
        calls.push_back(std::move(refs));
    }
    return calls;
}

/// [["name", 0, 0], ...] or, for a single one in Keras 3, ["name", 0, 0].
std::vector<NamedRef> model_ends(const Json& list, const std::string& where) {
    std::vector<NamedRef> out;
    if (list.is_array() && !list.empty() && list[0].is_string())
        out.push_back(legacy_ref(list, where));
    else
        for (const Json& ref : list)
            out.push_back(legacy_ref(ref, where));
    return out;
}

bool is_trainable(const Json& config, const std::string& where) {
    if (!config.contains("trainable") || config.at("trainable").is_null())
        return true;
    const Json& value = config.at("trainable");
    if (!value.is_boolean())
        malformed(where, fmt::format("`trainable` must be true or false, got {}", value.dump()));
    return value.get<bool>();
}

/// Where the JSON came from: a file's name, and whose dialect it is.
struct Source {
    std::string name;
    bool before_keras_3;
};

LayerSpec read_layer(const Json& json, const Source& from) {
    const std::string& source = from.name;
    if (!json.is_object() || !json.contains("class_name") || !json.contains("config"))
        malformed(source,
                  "a layer must have class_name and config, got " + json.dump().substr(0, 80));
    LayerSpec layer;
    layer.class_name = text_of(json.at("class_name"), "class_name", source);
    if (!json.at("config").is_object())
        malformed(source, fmt::format("the config of a {} must be an object", layer.class_name));
    layer.config = from_keras_dialect(layer.class_name, json.at("config"), from.before_keras_3);
    layer.name = name_in(json, name_in(layer.config, "", source), source);
    layer.trainable = is_trainable(layer.config, fmt::format("{}: layer `{}`", source, layer.name));
    const Registry& registry = Registry::global();
    if (layer.class_name != "InputLayer" && !registry.has("layer", layer.class_name))
        malformed(source, fmt::format("layer `{}`: there is no layer class `{}`{}", layer.name,
                                      layer.class_name,
                                      did_you_mean(layer.class_name, registry.names("layer"))));
    return layer;
}

Json batch_shape_of(const Json& config) {
    for (const char* key : {"batch_input_shape", "batch_shape"})
        if (config.contains(key) && config.at(key).is_array())
            return config.at(key);
    return {};
}

Architecture read_sequential(const Json& config, const Source& from) {
    const std::string& source = from.name;
    const bool bare_list = config.is_array();
    const Json& layers = bare_list ? config : list_of(config, "layers", source);
    Architecture a;
    a.sequential = true;
    a.name = name_in(config, "sequential", source);
    std::vector<TensorRef> last;
    for (const Json& json : layers) {
        LayerSpec layer = read_layer(json, from);
        if (a.layers.empty() && layer.class_name != "InputLayer") {
            Json shape = batch_shape_of(layer.config);
            if (shape.is_null() && !bare_list && config.contains("build_input_shape"))
                shape = config.at("build_input_shape");
            if (shape.is_null())
                malformed(source,
                          fmt::format("the first layer `{}` does not state its batch_input_shape",
                                      layer.name));
            last = {add_layer(a, "InputLayer", {{"batch_shape", shape}}, {},
                              layer.name.empty() ? "" : layer.name + "_input")};
        }
        last = {add_layer(a, layer.class_name, layer.config, last, layer.name)};
    }
    if (a.layers.empty())
        malformed(source, "the model has no layers");
    a.outputs = last;
    return a;
}

/// Puts layers behind those they read. What is left over when none can be placed is a cycle.
class Sorter {
  public:
    Sorter(std::vector<NamedLayer> layers, std::string source)
        : layers_(std::move(layers)), source_(std::move(source)) {
        for (const NamedLayer& l : layers_)
            if (!known_.emplace(l.spec.name, false).second)
                malformed(source_, fmt::format("two layers are named `{}`", l.spec.name));
    }

    Architecture run() {
        Architecture a;
        std::vector<size_t> left(layers_.size());
        for (size_t i = 0; i < left.size(); ++i)
            left[i] = i;
        while (!left.empty()) {
            std::vector<size_t> waiting;
            for (const size_t i : left)
                if (ready(layers_[i]))
                    place(a, layers_[i]);
                else
                    waiting.push_back(i);
            if (waiting.size() == left.size()) {
                std::vector<std::string> names;
                for (const size_t i : waiting)
                    names.push_back(layers_[i].spec.name);
                malformed(source_, fmt::format("the layers form a cycle: {}", join(names, ", ")));
            }
            left = std::move(waiting);
        }
        return a;
    }

    TensorRef resolve(const NamedRef& ref) const {
        const auto it = index_.find(ref.layer);
        if (it == index_.end())
            malformed(source_, fmt::format("no layer is named `{}`", ref.layer));
        if (static_cast<size_t>(ref.node) >= calls_[static_cast<size_t>(it->second)])
            malformed(source_, fmt::format("layer `{}` has {}, there is no node {}", ref.layer,
                                           count_of(static_cast<long long>(
                                                        calls_[static_cast<size_t>(it->second)]),
                                                    "inbound node"),
                                           ref.node));
        return {it->second, ref.node, ref.tensor};
    }

  private:
    bool ready(const NamedLayer& layer) const {
        for (const auto& call : layer.calls)
            for (const NamedRef& ref : call) {
                const auto it = known_.find(ref.layer);
                if (it == known_.end())
                    malformed(source_,
                              fmt::format("layer `{}` reads layer `{}`, which is not there",
                                          layer.spec.name, ref.layer));
                if (!it->second)
                    return false;
            }
        return true;
    }
    void place(Architecture& a, const NamedLayer& layer) {
        LayerSpec spec = layer.spec;
        for (const auto& call : layer.calls) {
            std::vector<TensorRef> refs;
            for (const NamedRef& ref : call)
                refs.push_back(resolve(ref));
            spec.calls.push_back(std::move(refs));
        }
        if (spec.calls.empty())
            spec.calls.emplace_back();
        known_[spec.name] = true;
        index_[spec.name] = static_cast<int>(a.layers.size());
        calls_.push_back(spec.calls.size());
        a.layers.push_back(std::move(spec));
    }

    std::vector<NamedLayer> layers_;
    std::string source_;
    std::map<std::string, bool> known_; // placed
    std::map<std::string, int> index_;
    std::vector<size_t> calls_; // of each layer placed
};

Architecture read_functional(const Json& config, const Source& from) {
    const std::string& source = from.name;
    std::vector<NamedLayer> layers;
    for (const Json& json : list_of(config, "layers", source)) {
        NamedLayer layer{read_layer(json, from), {}};
        layer.calls = inbound_calls(json, fmt::format("{}: layer `{}`", source, layer.spec.name));
        layers.push_back(std::move(layer));
    }
    Sorter sorter(std::move(layers), source);
    Architecture a = sorter.run();
    a.name = name_in(config, "model", source);
    for (const NamedRef& ref : model_ends(list_of(config, "input_layers", source), source))
        a.inputs.push_back(sorter.resolve(ref));
    for (const NamedRef& ref : model_ends(list_of(config, "output_layers", source), source))
        a.outputs.push_back(sorter.resolve(ref));
    if (a.inputs.empty() || a.outputs.empty())
        malformed(source,
                  fmt::format("the model has no {}", a.inputs.empty() ? "input" : "output"));
    return a;
}

Json layer_json(const LayerSpec& layer) {
    Json config = Json::object();
    config["name"] = layer.name;
    const Json written = to_keras_dialect(layer.class_name, layer.config);
    for (const auto& [key, value] : written.items())
        if (key != "name" && key != "batch_shape" && key != "trainable")
            config[key] = value;
    if (layer.class_name == "InputLayer")
        config["batch_input_shape"] = batch_shape_of(layer.config);
    if (!layer.trainable &&
        !layer.class_name.starts_with("SpatialDropout")) // which Keras 3 refuses
        config["trainable"] = false;
    return {{"class_name", layer.class_name}, {"config", config}};
}

Json ref_json(const Architecture& a, const TensorRef& ref) {
    return Json::array({a.layers[static_cast<size_t>(ref.layer)].name, ref.node, ref.tensor});
}

} // namespace

Architecture architecture_from_json(const std::string& text, const std::string& source,
                                    const std::string& keras_version) {
    const Json json = parse_json(text, source);
    const std::string& class_name =
        text_of(member(json, "class_name", source), "class_name", source);
    const Json& config = member(json, "config", source);
    const Source from{source, is_before_keras_3(json, keras_version)};
    if (class_name == "Sequential")
        return read_sequential(config, from);
    if (class_name == "Model" || class_name == "Functional")
        return read_functional(config, from);
    malformed(source, fmt::format("a model of class `{}` is code, not layers; Sequential and "
                                  "functional models can be read",
                                  class_name));
}

bool needs_keras_3(const Architecture& a) {
    return std::any_of(a.layers.begin(), a.layers.end(),
                       [](const LayerSpec& layer) { return needs_keras_3(layer.config); });
}

std::string architecture_to_json(const Architecture& a) {
    Json config = {{"name", a.name}, {"layers", Json::array()}};
    for (const LayerSpec& layer : a.layers) {
        Json json = layer_json(layer);
        if (!a.sequential) {
            json["name"] = layer.name;
            json["inbound_nodes"] = Json::array();
            for (const auto& call : layer.calls) {
                Json refs = Json::array();
                for (const TensorRef& ref : call) {
                    Json r = ref_json(a, ref);
                    r.push_back(Json::object());
                    refs.push_back(r);
                }
                if (!refs.empty())
                    json["inbound_nodes"].push_back(refs);
            }
        }
        config["layers"].push_back(json);
    }
    if (!a.sequential) {
        config["input_layers"] = Json::array();
        config["output_layers"] = Json::array();
        for (const TensorRef& ref : a.inputs)
            config["input_layers"].push_back(ref_json(a, ref));
        for (const TensorRef& ref : a.outputs)
            config["output_layers"].push_back(ref_json(a, ref));
    }
    const Json out = {{"class_name", a.sequential ? "Sequential" : "Functional"},
                      {"config", config},
                      {"keras_version", needs_keras_3(a) ? "3.0.0" : "2.15.0"},
                      {"backend", "tensorflow"}};
    return out.dump();
}

} // namespace lamina
