#include "model/keras_json.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/registry.hpp"
#include "lamina/text.hpp"
#include "model/keras_1.hpp"
#include "model/keras_dialect.hpp"
#include "model/keras_net.hpp"

namespace lamina {

namespace {

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

NamedCalls inbound_calls(const Json& layer, const std::string& where) {
    NamedCalls calls;
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
    std::string order_of_keras_1;
};

/// "1.10.0" as {1, 10, 0}; what is no number counts as 0.
std::vector<int> version_numbers(const std::string& version) {
    std::vector<int> numbers;
    for (const std::string& part : split(version, '.'))
        numbers.push_back(std::atoi(part.c_str()));
    return numbers;
}

/// Who has a layer class; nothing where nobody does.
std::optional<PartInfo> layer_class(const std::string& class_name) {
    for (const PartInfo& info : Registry::global().list("layer"))
        if (info.name == class_name)
            return info;
    return std::nullopt;
}

constexpr const char* kPluginKey = "lamina_plugin"; // beside class_name, where we do not ship it

/// Of a class that a plugin from elsewhere brought, a file says which plugin that was.
void expect_layer_class(const Json& json, const LayerSpec& layer, const std::string& source) {
    if (layer.class_name == "InputLayer")
        return;
    const auto found = layer_class(layer.class_name);
    const Json plugin = json.contains(kPluginKey) ? json.at(kPluginKey) : Json();
    const bool told = plugin.is_object() && plugin.contains("name") && plugin.contains("version") &&
                      plugin.at("name").is_string() && plugin.at("version").is_string();
    if (found && !(told && found->plugin == plugin.at("name") &&
                   version_numbers(found->version) <
                       version_numbers(plugin.at("version").get<std::string>())))
        return;
    if (told)
        fail(StatusCode::NotFound,
             fmt::format("{}: layer `{}`: class `{}` needs plugin {} {} or later; {}", source,
                         layer.name, layer.class_name, plugin.at("name").get<std::string>(),
                         plugin.at("version").get<std::string>(),
                         found
                             ? fmt::format("there is {} ({})", found->version, found->file.string())
                             : "put it on the plugin path (--plugin-path, LAMINA_PLUGIN_PATH)"));
    malformed(source,
              fmt::format("layer `{}`: there is no layer class `{}`{}", layer.name,
                          layer.class_name,
                          did_you_mean(layer.class_name, Registry::global().names("layer"))));
}

/// The plugin that a layer's class comes from, where that is not shipped; null else.
Json foreign_plugin(const std::string& class_name) {
    const auto found = layer_class(class_name);
    if (!found || found->file.empty() ||
        found->file.parent_path() ==
            std::filesystem::weakly_canonical(Registry::global().searched().back()))
        return {};
    return {{"name", found->plugin}, {"version", found->version}};
}

LayerSpec read_layer(const Json& written, const Source& from) {
    const std::string& source = from.name;
    const Json json =
        from.before_keras_3 ? from_keras_1(written, from.order_of_keras_1, source) : written;
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
    expect_layer_class(json, layer, source);
    return layer;
}

Json member_or_null(const Json& object, const char* key) {
    return object.is_object() && object.contains(key) ? object.at(key) : Json();
}

Json batch_shape_of(const Json& config) {
    for (const char* key : {"batch_input_shape", "batch_shape"})
        if (config.contains(key) && config.at(key).is_array())
            return config.at(key);
    return {};
}

/// The shape of a Sequential's input, where its first layer is none; null where it is not stated.
Json input_shape_of(const Json& config, const Json& first) {
    const Json own = member_or_null(first, "config");
    if (Json shape = batch_shape_of(own); !shape.is_null())
        return shape;
    if (Json build = member_or_null(config, "build_input_shape"); !build.is_null())
        return build;
    const Json layers = member_or_null(own, "layers"); // of a model
    return layers.is_array() && !layers.empty() ? input_shape_of(own, layers.front()) : Json();
}

bool is_model_class(const std::string& class_name) {
    return class_name == "Sequential" || class_name == "Model" || class_name == "Functional";
}

bool is_model(const Json& layer) {
    const Json class_name = member_or_null(layer, "class_name");
    return class_name.is_string() && is_model_class(class_name.get<std::string>());
}

/// The models that a Merge joins, by which a Sequential of Keras 1 may begin; null where it does
/// not.
Json branches_of(const Json& layer) {
    return member_or_null(layer, "class_name") == "Merge"
               ? member_or_null(member_or_null(layer, "config"), "layers")
               : Json();
}

bool has_model(const Json& sequential) {
    const Json layers = sequential.is_array() ? sequential : member_or_null(sequential, "layers");
    return std::any_of(layers.begin(), layers.end(), [](const Json& layer) {
        return is_model(layer) || branches_of(layer).is_array();
    });
}

NamedNet read_net(const Json& model, const Source& from);

/// A model's layers, those that are models themselves apart.
class NetReader {
  public:
    NetReader(const Json& config, std::string class_name, const Source& from) : from_(from) {
        net_.class_name = std::move(class_name);
        net_.name =
            name_in(config, net_.class_name == "Sequential" ? "sequential" : "model", from.name);
    }

    /// Adds a layer or model; returns its name.
    std::string add(const Json& json, NamedCalls calls) {
        if (is_model(json)) {
            NamedNet model = read_net(json, from_);
            model.name = name_in(json, model.name, from_.name);
            models_.emplace_back(std::move(model), std::move(calls));
            return models_.back().first.name;
        }
        net_.layers.push_back({read_layer(json, from_), std::move(calls)});
        return net_.layers.back().spec.name;
    }
    /// Adds an input of the model.
    NamedRef add_input(const std::string& name, const Json& batch_shape) {
        const Json input = {{"class_name", "InputLayer"},
                            {"config", {{"name", name}, {"batch_shape", batch_shape}}}};
        net_.inputs.push_back({add(input, {}), 0, 0});
        return net_.inputs.back();
    }
    /// Adds models beside each other, each with an input of its own; returns their outputs.
    std::vector<NamedRef> add_branches(const Json& branches) {
        std::vector<NamedRef> ends;
        for (const Json& branch : branches) {
            if (!is_model(branch))
                malformed(from_.name, "a branch of a Merge must be a model, got " +
                                          branch.dump().substr(0, 80));
            Json named = branch;
            named["name"] = fmt::format("branch_{}", ends.size() + 1);
            const Json config = member_or_null(branch, "config");
            const Json layers = config.is_array() ? config : member_or_null(config, "layers");
            const Json first = layers.is_array() && !layers.empty() ? layers.front() : Json();
            const NamedRef input = add_input(named["name"].get<std::string>() + "_input",
                                             input_shape_of(config, first));
            ends.push_back({add(named, {{input}}), 0, 0});
        }
        return ends;
    }
    NamedNet& net() { return net_; }
    NamedNet finish() {
        put_in(net_, models_, from_.name);
        return std::move(net_);
    }

  private:
    const Source& from_;
    NamedNet net_;
    std::vector<std::pair<NamedNet, NamedCalls>> models_;
};

NamedNet read_sequential_net(const Json& config, const Source& from) {
    NetReader reader(config, "Sequential", from);
    const Json& layers = config.is_array() ? config : list_of(config, "layers", from.name);
    if (layers.empty())
        malformed(from.name, "the model has no layers");
    std::vector<NamedRef> last;
    for (const Json& json : layers) {
        if (last.empty() && branches_of(json).is_array()) {
            last = reader.add_branches(branches_of(json));
        } else if (last.empty() && member_or_null(json, "class_name") != "InputLayer") {
            last = {reader.add_input(reader.net().name + "_input", input_shape_of(config, json))};
        }
        last = {{reader.add(json, last.empty() ? NamedCalls{} : NamedCalls{last}), 0, 0}};
        if (reader.net().inputs.empty())
            reader.net().inputs = last;
    }
    reader.net().outputs = last;
    return reader.finish();
}

NamedNet read_functional_net(const Json& config, const std::string& class_name,
                             const Source& from) {
    const std::string& source = from.name;
    NetReader reader(config, class_name, from);
    NamedNet& net = reader.net();
    for (const Json& json : list_of(config, "layers", source))
        reader.add(json, inbound_calls(json, fmt::format("{}: layer `{}`", source,
                                                         name_in(json, "", source))));
    net.inputs = model_ends(list_of(config, "input_layers", source), source);
    net.outputs = model_ends(list_of(config, "output_layers", source), source);
    if (net.inputs.empty() || net.outputs.empty())
        malformed(source,
                  fmt::format("the model has no {}", net.inputs.empty() ? "input" : "output"));
    return reader.finish();
}

NamedNet read_net(const Json& model, const Source& from) {
    const std::string& class_name =
        text_of(member(model, "class_name", from.name), "class_name", from.name);
    const Json& config = member(model, "config", from.name);
    NamedNet net = class_name == "Sequential" ? read_sequential_net(config, from)
                                              : read_functional_net(config, class_name, from);
    if (config.is_object() && !is_trainable(config, from.name))
        for (NamedLayer& layer : net.layers)
            layer.spec.trainable = false;
    return net;
}

/// A chain of layers, none of which is a model.
Architecture read_chain(const Json& config, const Source& from) {
    Architecture a;
    a.sequential = true;
    a.name = name_in(config, "sequential", from.name);
    std::vector<TensorRef> last;
    for (const Json& json : config.is_array() ? config : list_of(config, "layers", from.name)) {
        LayerSpec layer = read_layer(json, from);
        if (a.layers.empty() && layer.class_name != "InputLayer") {
            const Json shape = input_shape_of(config, json);
            if (shape.is_null())
                malformed(from.name,
                          fmt::format("the first layer `{}` does not state its batch_input_shape",
                                      layer.name));
            last = {add_layer(a, "InputLayer", {{"batch_shape", shape}}, {},
                              layer.name.empty() ? "" : layer.name + "_input")};
        }
        last = {add_layer(a, layer.class_name, layer.config, last, layer.name)};
    }
    if (a.layers.empty())
        malformed(from.name, "the model has no layers");
    a.outputs = last;
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
    Json json = {{"class_name", layer.class_name}, {"config", config}};
    if (const Json plugin = foreign_plugin(layer.class_name); !plugin.is_null())
        json[kPluginKey] = plugin;
    return json;
}

Json ref_json(const Architecture& a, const TensorRef& ref) {
    return Json::array({a.layers[static_cast<size_t>(ref.layer)].name, ref.node, ref.tensor});
}

} // namespace

Architecture architecture_from_json(const std::string& text, const std::string& source,
                                    const std::string& keras_version) {
    const Json json = with_class_names(parse_json(text, source), source);
    const std::string& class_name =
        text_of(member(json, "class_name", source), "class_name", source);
    const Json& config = member(json, "config", source);
    const Source from{source, is_before_keras_3(json, keras_version), stated_order(json)};
    if (!is_model_class(class_name))
        malformed(source, fmt::format("a model of class `{}` is code, not layers; Sequential and "
                                      "functional models can be read",
                                      class_name));
    Architecture a = class_name == "Sequential" && !has_model(config)
                         ? read_chain(config, from)
                         : in_order(read_net(json, from), source);
    check_deconvolutions(json, a, source);
    return a;
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
