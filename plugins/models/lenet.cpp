/// The nets of the MNIST examples: LeNet and the two that it is compared with.
#include "support.hpp"

namespace lamina::plugin {

/// After LeCun et al. (1998), in the form of the Keras examples: two convolutions of 5x5, each with
/// its pool, and 500 units.
static Value lenet(Graph& graph, const Config& config) {
    Value x = input(graph, config);
    x = pool(graph, convolution(graph, 20, 5, "same", x));
    x = pool(graph, convolution(graph, 50, 5, "same", x));
    x = dense(graph, 500, "relu", flatten(graph, x));
    return classes(graph, config, x);
}

/// One layer: softmax regression.
static Value mnist_softmax(Graph& graph, const Config& config) {
    return classes(graph, config, flatten(graph, input(graph, config)));
}

static Value mnist_mlp(Graph& graph, const Config& config) {
    const auto hidden = [&](Value x) { return dropout(graph, 0.3, dense(graph, 128, "relu", x)); };
    const Value x = flatten(graph, input(graph, config));
    return classes(graph, config, hidden(hidden(x)));
}

static constexpr char mnist_schema[] = R"({
    "classes": {"type": "int", "min": 2, "default": 10},
    "input_shape": {"type": "ints", "min": 1, "default": [28, 28, 1]}})";

LAMINA_MODEL(lenet, mnist_schema, "Two convolutions, two pools, two dense layers", lenet)
LAMINA_MODEL(mnist_softmax, mnist_schema, "One dense layer", mnist_softmax)
LAMINA_MODEL(mnist_mlp, mnist_schema, "Two hidden layers of 128 with dropout 0.3", mnist_mlp)

} // namespace lamina::plugin
