#include "model/architecture.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include <fmt/format.h>

#include "graph/builder.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/paths.hpp"
#include "lamina/registry.hpp"
#include "model/layer_order.hpp"
#include "model/tracer.hpp"
#include "plugins/schema.hpp"

namespace lamina {

const LayerSpec* Architecture::find(const std::string& layer) const {
    const auto it = std::find_if(layers.begin(), layers.end(),
                                 [&](const LayerSpec& l) { return l.name == layer; });
    return it == layers.end() ? nullptr : &*it;
}

std::string snake_case(const std::string& class_name) {
    // As Keras's to_snake_case: an underscore before a capital that starts a word.
    std::string out;
    for (size_t i = 0; i < class_name.size(); ++i) {
        const auto upper = [&](size_t at) {
            return at < class_name.size() &&
                   std::isupper(static_cast<unsigned char>(class_name[at])) != 0;
        };
        const auto lower = [&](size_t at) {
            return at < class_name.size() &&
                   std::islower(static_cast<unsigned char>(class_name[at])) != 0;
        };
        const bool after_small = i > 0 && !upper(i - 1) && class_name[i - 1] != '_';
        if (i > 0 && upper(i) && ((after_small && lower(i - 1)) || lower(i + 1)))
            out += '_';
        out += static_cast<char>(std::tolower(static_cast<unsigned char>(class_name[i])));
    }
    return out;
}

static std::string unused_name(const Architecture& architecture, const std::string& base) {
    std::string name = base;
    for (int i = 1; architecture.find(name) != nullptr; ++i)
        name = fmt::format("{}_{}", base, i);
    return name;
}

TensorRef add_layer(Architecture& architecture, const std::string& class_name, Json config,
                    const std::vector<TensorRef>& inputs, const std::string& name) {
    LayerSpec layer;
    layer.class_name = class_name;
    layer.name = name;
    if (name.empty() && config.contains("name") && config.at("name").is_string())
        layer.name = config.at("name").get<std::string>();
    if (layer.name.empty())
        layer.name = unused_name(architecture, class_name == "InputLayer" ? "input_layer"
                                                                          : snake_case(class_name));
    if (architecture.find(layer.name) != nullptr)
        throw UsageError(fmt::format("two layers are named `{}`; names must differ", layer.name));
    layer.trainable = !config.contains("trainable") || config.at("trainable") != false;
    layer.config = std::move(config);
    layer.calls.push_back(inputs);
    architecture.layers.push_back(std::move(layer));
    const TensorRef out{static_cast<int>(architecture.layers.size()) - 1, 0, 0};
    if (class_name == "InputLayer")
        architecture.inputs.push_back(out);
    return out;
}

/// [None, 28, 28, 1] without the batch.
static std::vector<int64_t> sample_shape(const Json& batch_shape, const std::string& where) {
    std::vector<int64_t> shape;
    for (size_t i = 1; i < batch_shape.size(); ++i) {
        const Json& d = batch_shape[i];
        if (!d.is_null() && !d.is_number_integer())
            fail(StatusCode::InvalidArgument,
                 fmt::format("{} must be a list of integers, got {}", where, batch_shape.dump()));
        shape.push_back(d.is_null() ? -1 : d.get<int64_t>());
    }
    return shape;
}

std::vector<int64_t> input_shape(const Architecture& architecture, size_t index) {
    if (index >= architecture.inputs.size())
        return {};
    const LayerSpec& layer =
        architecture.layers[static_cast<size_t>(architecture.inputs[index].layer)];
    for (const char* key : {"batch_shape", "batch_input_shape"})
        if (layer.config.contains(key) && layer.config.at(key).is_array())
            return sample_shape(layer.config.at(key), fmt::format("{}: `{}`", layer.name, key));
    return {};
}

namespace {

/// Runs a model function: traces its layers for a batch of one, so that it can ask for shapes, and
/// writes them down.
class Recorder : public BuildHooks {
  public:
    explicit Recorder(Architecture& architecture) : architecture_(architecture) {}

    std::vector<ValueId> apply(lm_graph& graph, const std::string& kind,
                               const std::string& class_name, const std::string& name,
                               const std::string& config,
                               const std::vector<ValueId>& inputs) override {
        if (kind != "layer")
            fail(StatusCode::InvalidArgument,
                 fmt::format("a model is made of layers, not of a {}", kind));
        std::vector<TensorRef> refs;
        for (const ValueId v : inputs)
            refs.push_back(refs_.at(v));
        const TensorRef out =
            add_layer(architecture_, class_name,
                      parse_json(config, "the configuration of " + class_name), refs, name);
        LayerTracer tracer(graph.graph, LM_MODE_INFER);
        auto values = tracer.call(architecture_.layers.back(), inputs, 1);
        for (size_t i = 0; i < values.size(); ++i)
            refs_[values[i]] = {out.layer, 0, static_cast<int>(i)};
        return values;
    }

    const TensorRef& ref(ValueId v) const { return refs_.at(v); }

  private:
    Architecture& architecture_;
    std::map<ValueId, TensorRef> refs_;
};

} // namespace

static std::string text_of(const Json& config, const char* key) {
    return config.contains(key) && config.at(key).is_string() ? config.at(key).get<std::string>()
                                                              : "";
}

Architecture build_zoo_model(const std::string& name, const Json& config) {
    const Part part = Registry::global().find("model", name);
    const auto& function = part.as<lm_graph_function>();
    const lm_config checked(apply_schema(config, function.schema, "model " + name));
    Architecture architecture;
    architecture.name = name;
    architecture.preprocessing = text_of(checked.value, "preprocessing");
    if (const std::string list = text_of(checked.value, "class_names"); !list.empty())
        architecture.class_names = read_lines(data_folder() / "class_names" / (list + ".txt"));
    Graph scratch;
    Recorder recorder(architecture);
    lm_graph context{scratch, recorder, LM_MODE_INFER, "", "", {}};
    for (const ValueId v : call_graph_function(function, context, checked, {}))
        architecture.outputs.push_back(recorder.ref(v));
    architecture = in_keras_order(architecture);
    architecture.sequential =
        architecture.outputs.size() == 1 &&
        std::all_of(architecture.layers.begin(), architecture.layers.end(),
                    [&](const LayerSpec& l) {
                        const auto at = static_cast<int>(&l - architecture.layers.data());
                        return at == 0 ? l.class_name == "InputLayer"
                                       : l.calls[0] == std::vector<TensorRef>{{at - 1, 0, 0}};
                    });
    return architecture;
}

} // namespace lamina
