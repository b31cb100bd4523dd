#include "model/tracer.hpp"

#include <algorithm>
#include <iterator>
#include <set>

#include <fmt/format.h>

#include "graph/node_desc.hpp"
#include "graph/operators.hpp"
#include "lamina/error.hpp"
#include "lamina/plugin/graph.hpp"
#include "lamina/registry.hpp"
#include "plugins/host.hpp"
#include "plugins/loaded_plugin.hpp"
#include "plugins/schema.hpp"

namespace lamina {

namespace {

/// Keys that every layer of Keras may carry and that are not the layer's own.
const std::set<std::string, std::less<>>& common_keys() {
    static const std::set<std::string, std::less<>> keys = {"name",
                                                            "trainable",
                                                            "dtype",
                                                            "batch_input_shape",
                                                            "batch_shape",
                                                            "input_shape",
                                                            "build_config",
                                                            "registered_name",
                                                            "module",
                                                            "input_dim",
                                                            "input_dtype",
                                                            "autocast",
                                                            "activity_regularizer",
                                                            "ragged",
                                                            "sparse",
                                                            "optional"};
    return keys;
}

bool is_layer_kind(const std::string& kind) { return kind == "layer" || kind == "model"; }

/// Layers and models keep their class names; all else is found by its snake_case name:
/// GlorotUniform is glorot_uniform.
std::string registered_name(const std::string& kind, const std::string& class_name) {
    if (is_layer_kind(kind) || Registry::global().has(kind, class_name))
        return class_name;
    std::string snake = snake_case(class_name);
    if (Registry::global().has(kind, snake))
        return snake;
    std::string lower = class_name; // RMSprop, AdamW, ReLU
    for (char& c : lower)
        c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return Registry::global().has(kind, lower) ? lower : class_name;
}

} // namespace

Json without_common_keys(const Json& config, const Json& schema) {
    Json out = Json::object();
    for (const auto& [key, value] : config.items())
        if (schema.contains(key) || !common_keys().contains(key))
            out[key] = value;
    return out;
}

std::pair<std::string, Json> part_spec(const Json& spec) {
    if (spec.is_string())
        return {spec.get<std::string>(), Json::object()};
    if (!spec.is_object() || !spec.contains("class_name") || !spec.at("class_name").is_string())
        throw UsageError("expected a name or {\"class_name\", \"config\"}, got " + spec.dump());
    Json config = spec.contains("config") && spec.at("config").is_object() ? spec.at("config")
                                                                           : Json::object();
    return {spec.at("class_name").get<std::string>(), config};
}

bool has_part(const std::string& kind, const std::string& class_name) {
    return Registry::global().has(kind, registered_name(kind, class_name));
}

Json part_schema(const std::string& kind, const std::string& class_name) {
    const Part part = Registry::global().find(kind, registered_name(kind, class_name));
    return parse_json(part.as<lm_graph_function>().schema,
                      fmt::format("the schema of {} {}", kind, part.name));
}

namespace {

/// "dense_1: layer Dense (plugin layers)": who refused.
std::string refuser(const std::string& where, const Part& part) {
    return part.plugin ? fmt::format("{} (plugin {})", where, part.plugin->name()) : where;
}

/// Calls the function of a part. What it refuses is told with the layer and the plugin, unless what
/// was refused within it (an operator of the layer, another part) has been already.
std::vector<ValueId> call_part(const Part& part, const std::string& where, lm_graph& graph,
                               const lm_config& config, const std::vector<ValueId>& inputs) {
    try {
        return call_graph_function(part.as<lm_graph_function>(), graph, config, inputs);
    } catch (const Error& e) {
        const std::string reason = e.what();
        if (!graph.layer.empty() && reason.starts_with(graph.layer + ": "))
            throw;
        const bool tells_plugin = reason.starts_with("plugin ");
        fail(e.code(), fmt::format("{}: {}", tells_plugin ? where : refuser(where, part), reason));
    }
}

} // namespace

namespace {

/// layer: which asks for it, "" for none.
Part find_part(const std::string& kind, const std::string& class_name, const std::string& layer) {
    try {
        return Registry::global().find(kind, registered_name(kind, class_name));
    } catch (const Error& e) {
        if (e.code() != StatusCode::NotFound || kind != "initializer" || layer.empty())
            throw; // the layer's own key is told by the layer
        fail(e.code(), fmt::format("{}: {}", layer, e.what()));
    }
}

} // namespace

std::vector<ValueId> apply_part(lm_graph& graph, const std::string& kind, const Json& spec,
                                const std::vector<ValueId>& inputs, const Json& extra) {
    const auto [class_name, given] = part_spec(spec);
    const Part part = find_part(kind, class_name, graph.layer);
    if (part.plugin)
        graph.graph.hold(part.plugin); // else each layer of a model loads its library anew
    const auto& function = part.as<lm_graph_function>();
    const Json schema =
        parse_json(function.schema, fmt::format("the schema of {} {}", kind, part.name));
    const std::string where = graph.layer.empty()
                                  ? fmt::format("{} {}", kind, part.name)
                                  : fmt::format("{}: {} {}", graph.layer, kind, part.name);
    Json config = without_common_keys(given, schema);
    config.update(extra);
    const lm_config checked(apply_schema(config, function.schema, where));
    return call_part(part, where, graph, checked, inputs);
}

ValueId LayerTracer::graph_input(const LayerSpec& layer, int64_t batch) {
    Architecture alone;
    alone.layers.push_back(layer);
    alone.inputs.push_back({0, 0, 0});
    std::vector<int64_t> dims = input_shape(alone);
    for (const int64_t d : dims)
        if (d < 1)
            fail(StatusCode::Unsupported,
                 fmt::format("{}: the input's shape {} is not fully known; a model's file must "
                             "state it",
                             layer.name, Shape(dims).to_string()));
    dims.insert(dims.begin(), batch);
    return graph_.add_input(layer.name, {DType::F32, Shape(dims)});
}

std::vector<ValueId> LayerTracer::call(const LayerSpec& layer, const std::vector<ValueId>& inputs,
                                       int64_t batch) {
    if (layer.class_name == "InputLayer")
        return inputs.empty() ? std::vector<ValueId>{graph_input(layer, batch)} : inputs;
    // A frozen batch normalisation runs in inference mode, as in TensorFlow 2 and Keras 3.
    const bool frozen_statistics = !layer.trainable && layer.class_name == "BatchNormalization";
    layer_ = layer.name;
    trainable_ = layer.trainable;
    lm_graph context{graph_, *this, frozen_statistics ? LM_MODE_INFER : mode_, layer.name, "", {}};
    return apply_part(context, "layer",
                      {{"class_name", layer.class_name}, {"config", layer.config}}, inputs);
}

std::vector<ValueId> LayerTracer::trace(const Architecture& architecture, int64_t batch,
                                        std::vector<ValueId> inputs) {
    values_.assign(architecture.layers.size(), {});
    for (size_t i = 0; i < inputs.size(); ++i) {
        const TensorRef& ref = architecture.inputs.at(i);
        values_[static_cast<size_t>(ref.layer)].push_back({inputs[i]});
    }
    const auto value = [&](const TensorRef& ref) {
        const auto layer = static_cast<size_t>(ref.layer);
        const auto& outputs = values_[layer].at(static_cast<size_t>(ref.node));
        if (static_cast<size_t>(ref.tensor) >= outputs.size())
            fail(StatusCode::InvalidArgument,
                 fmt::format("model {}: layer `{}` has no output {}", architecture.name,
                             architecture.layers[layer].name, ref.tensor));
        return outputs[static_cast<size_t>(ref.tensor)];
    };
    const auto is_ready = [&](const TensorRef& ref) {
        return static_cast<size_t>(ref.node) < values_[static_cast<size_t>(ref.layer)].size();
    };
    // A shared layer's later call may read what comes behind the layer's first one.
    for (bool going = true; going;) {
        going = false;
        for (size_t i = 0; i < architecture.layers.size(); ++i) {
            const LayerSpec& layer = architecture.layers[i];
            while (values_[i].size() < layer.calls.size()) {
                const std::vector<TensorRef>& refs = layer.calls[values_[i].size()];
                if (!std::all_of(refs.begin(), refs.end(), is_ready))
                    break;
                std::vector<ValueId> in;
                std::transform(refs.begin(), refs.end(), std::back_inserter(in), value);
                values_[i].push_back(call(layer, in, batch));
                going = true;
            }
        }
    }
    std::vector<ValueId> outputs;
    for (const TensorRef& ref : architecture.outputs)
        outputs.push_back(value(ref));
    return outputs;
}

void LayerTracer::follow(const std::vector<ValueId>& moved) {
    const auto move = [&](ValueId& v) { v = moved[static_cast<size_t>(v)]; };
    std::for_each(losses_.begin(), losses_.end(), move);
    for (auto& calls : values_)
        for (auto& outputs : calls)
            std::for_each(outputs.begin(), outputs.end(), move);
}

ValueId LayerTracer::variable(lm_graph& graph, const lm_variable_desc& desc) {
    Variable v;
    v.name = layer_ + "/" + desc.name;
    v.type = from_plugin(desc.dtype, desc.rank, desc.dims);
    v.kind = desc.trainable != 0 ? VariableKind::Weight : VariableKind::Statistic;
    v.trainable = desc.trainable != 0 && trainable_;
    v.layer = layer_;
    v.initializer = desc.initializer == nullptr ? "\"zeros\"" : desc.initializer;
    const bool is_new = graph_.find_variable(v.name) == nullptr;
    const ValueId value = graph_.add_variable(v);
    if (desc.regularizer != nullptr && is_new && mode_ == LM_MODE_TRAIN && v.trainable) {
        const Json spec = parse_json(desc.regularizer, v.name + ": regularizer");
        if (!spec.is_null())
            add_loss(graph, apply_part(graph, "regularizer", spec, {value}).at(0));
    }
    return value;
}

void LayerTracer::assign(lm_graph&, ValueId variable, ValueId value) {
    graph_.set_update(variable, value);
}

void LayerTracer::add_loss(lm_graph&, ValueId scalar) {
    if (graph_.type(scalar).shape.elements() != 1)
        throw ShapeError(fmt::format("{}: an added loss must be a scalar, got {}", layer_,
                                     graph_.type(scalar).to_string()));
    losses_.push_back(scalar);
}

std::vector<ValueId> LayerTracer::apply(lm_graph& graph, const std::string& kind,
                                        const std::string& class_name, const std::string&,
                                        const std::string& config,
                                        const std::vector<ValueId>& inputs) {
    return apply_part(graph, kind,
                      {{"class_name", class_name}, {"config", parse_json(config, class_name)}},
                      inputs);
}

} // namespace lamina
