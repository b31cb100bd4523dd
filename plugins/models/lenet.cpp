/// The nets of the MNIST examples: LeNet and the two that it is compared with.
#include "lamina/plugin/graph_function.hpp"
#include "lamina/plugin/json_text.hpp"

namespace lamina::plugin {

/// Adds a layer of a model.
static Value layer(Graph& graph, const char* class_name, const std::string& config, Value x) {
    return graph.apply("layer", class_name, config, x);
}

static Value input(Graph& graph, const Config& config) {
    std::vector<JsonText> batch_shape{nullptr};
    for (const int64_t d : config.integers("input_shape"))
        batch_shape.emplace_back(d);
    return graph.apply("layer", "InputLayer", json_object({{"batch_shape", batch_shape}}), Values())
        .at(0);
}

static Value dense(Graph& graph, int64_t units, const char* activation, Value x) {
    return layer(graph, "Dense", json_object({{"units", units}, {"activation", activation}}), x);
}
static Value classes(Graph& graph, const Config& config, Value x) {
    return dense(graph, config.integer("classes"), "softmax", x);
}

/// After LeCun et al. (1998), in the form of the Keras examples: two convolutions of 5x5, each with
/// its pool, and 500 units.
static Value lenet(Graph& graph, const Config& config) {
    const auto convolution = [&](int64_t filters, Value x) {
        return layer(graph, "Conv2D",
                     json_object({{"filters", filters},
                                  {"kernel_size", Dims{5, 5}},
                                  {"padding", "same"},
                                  {"activation", "relu"}}),
                     x);
    };
    const auto pool = [&](Value x) {
        return layer(graph, "MaxPooling2D",
                     json_object({{"pool_size", Dims{2, 2}}, {"strides", Dims{2, 2}}}), x);
    };
    Value x = input(graph, config);
    x = pool(convolution(20, x));
    x = pool(convolution(50, x));
    x = layer(graph, "Flatten", "{}", x);
    x = dense(graph, 500, "relu", x);
    return classes(graph, config, x);
}

/// One layer: softmax regression.
static Value mnist_softmax(Graph& graph, const Config& config) {
    return classes(graph, config, layer(graph, "Flatten", "{}", input(graph, config)));
}

static Value mnist_mlp(Graph& graph, const Config& config) {
    const auto hidden = [&](Value x) {
        return layer(graph, "Dropout", json_object({{"rate", 0.3}}), dense(graph, 128, "relu", x));
    };
    const Value x = layer(graph, "Flatten", "{}", input(graph, config));
    return classes(graph, config, hidden(hidden(x)));
}

static constexpr char mnist_schema[] = R"({
    "classes": {"type": "int", "min": 2, "default": 10},
    "input_shape": {"type": "ints", "min": 1, "default": [28, 28, 1]}})";

LAMINA_MODEL(lenet, mnist_schema, "Two convolutions, two pools, two dense layers", lenet)
LAMINA_MODEL(mnist_softmax, mnist_schema, "One dense layer", mnist_softmax)
LAMINA_MODEL(mnist_mlp, mnist_schema, "Two hidden layers of 128 with dropout 0.3", mnist_mlp)

} // namespace lamina::plugin
