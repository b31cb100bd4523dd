/// The nets of the CIFAR-10 examples of the Keras material. Published with RMSprop (0.001) and
/// batches of 128: 66.4 % after 20 epochs, 76.9 % after 40, 78.3 % with augmentation after 50.
#include "support.hpp"

namespace lamina::plugin {

/// The end of both: 512 units, dropout 0.5, the classes.
static Value head(Graph& graph, const Config& config, Value x) {
    x = dense(graph, 512, "relu", flatten(graph, x));
    return classes(graph, config, dropout(graph, 0.5, x));
}

static Value cifar10_simple(Graph& graph, const Config& config) {
    Value x = convolution(graph, 32, 3, "same", input(graph, config));
    x = dropout(graph, 0.25, pool(graph, x));
    return head(graph, config, x);
}

static Value cifar10_deep(Graph& graph, const Config& config) {
    Value x = convolution(graph, 32, 3, "same", input(graph, config));
    x = convolution(graph, 32, 3, "same", x);
    x = dropout(graph, 0.25, pool(graph, x));
    x = convolution(graph, 64, 3, "same", x);
    x = convolution(graph, 64, 3, "valid", x);
    x = dropout(graph, 0.25, pool(graph, x));
    return head(graph, config, x);
}

static constexpr char cifar10_schema[] = R"({
    "classes": {"type": "int", "min": 2, "default": 10},
    "input_shape": {"type": "ints", "min": 1, "default": [32, 32, 3]}})";

LAMINA_MODEL(cifar10_simple, cifar10_schema, "One convolution and 512 units, for CIFAR-10",
             cifar10_simple)
LAMINA_MODEL(cifar10_deep, cifar10_schema, "Four convolutions and 512 units, for CIFAR-10",
             cifar10_deep)

} // namespace lamina::plugin
