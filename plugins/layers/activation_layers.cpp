/// The activations that Keras has as layers with parameters of their own.
#include "lamina/plugin/json_text.hpp"
#include "lamina/plugin/layer.hpp"

namespace lamina::plugin {

static Value relu_layer(Graph& graph, const Config& config, Value x) {
    return graph.apply("activation", "relu",
                       json_object({{"max_value", JsonText::raw(config.json_or_null("max_value"))},
                                    {"negative_slope", config.number("negative_slope")},
                                    {"threshold", config.number("threshold")}}),
                       x);
}
static Value leaky_relu_layer(Graph& graph, const Config& config, Value x) {
    return graph.apply("activation", "leaky_relu",
                       json_object({{"negative_slope", config.number("negative_slope")}}), x);
}
static Value elu_layer(Graph& graph, const Config& config, Value x) {
    return graph.apply("activation", "elu", json_object({{"alpha", config.number("alpha")}}), x);
}
static Value softmax_layer(Graph& graph, const Config& config, Value x) {
    return graph.apply("activation", "softmax", json_object({{"axis", config.integer("axis")}}), x);
}

/// He et al. (2015): relu(x) - alpha * relu(-x), alpha learned: [dims...] without the batch, 1
/// along shared_axes (counted with the batch, from 1).
static Value prelu(Graph& graph, const Config& config, Value x) {
    Dims shape = x.shape();
    shape.erase(shape.begin());
    if (config.has("shared_axes"))
        for (const int64_t axis : config.integers("shared_axes")) {
            const int64_t i = normalize_axis(axis, x);
            if (i == 0)
                invalid("shared_axes must not name axis 0, the batch");
            shape[static_cast<size_t>(i - 1)] = 1;
        }
    const Value alpha = weight(graph, config, "alpha", shape);
    return relu(x) - alpha * relu(-x);
}

static constexpr auto prelu_schema =
    schema(weight_keys("alpha", "zeros"),
           key("shared_axes", R"("type": "ints", "nullable": true, "default": null)"));

LAMINA_LAYER(ReLU, R"({
    "max_value": {"type": "float", "min": 0, "nullable": true, "default": null},
    "negative_slope": {"type": "float", "min": 0, "default": 0},
    "threshold": {"type": "float", "min": 0, "default": 0}})",
             "max(x, 0)", relu_layer)
LAMINA_LAYER(LeakyReLU, R"({"negative_slope": {"type": "float", "min": 0, "default": 0.3}})",
             "x, or x * negative_slope below 0", leaky_relu_layer)
LAMINA_LAYER(ELU, R"({"alpha": {"type": "float", "default": 1}})",
             "x, or alpha * (exp(x) - 1) below 0", elu_layer)
LAMINA_LAYER(Softmax, R"({"axis": {"type": "int", "default": -1}})", "softmax along the axis",
             softmax_layer)
LAMINA_LAYER(PReLU, prelu_schema.text, "relu with a learned slope below 0", prelu)

} // namespace lamina::plugin
