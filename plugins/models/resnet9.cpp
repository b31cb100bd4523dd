/// A residual net of nine layers for pictures of 32x32: the shape that Page found for CIFAR-10
/// ("How to train your ResNet", 2018), of any width.
#include "support.hpp"

namespace lamina::plugin {

/// A convolution of 3x3 without bias, batch normalisation, relu.
static Value conv_block(Graph& graph, int64_t filters, Value x) {
    x = layer(graph, "Conv2D",
              json_object({{"filters", filters},
                           {"kernel_size", Dims{3, 3}},
                           {"padding", "same"},
                           {"use_bias", false}}),
              x);
    x = layer(graph, "BatchNormalization", json_object({{"momentum", 0.9}, {"epsilon", 1e-5}}), x);
    return layer(graph, "Activation", json_object({{"activation", "relu"}}), x);
}

/// Two blocks beside the way past them.
static Value residual(Graph& graph, int64_t filters, Value x) {
    const Value y = conv_block(graph, filters, conv_block(graph, filters, x));
    return layer(graph, "Add", "{}", Values{x, y});
}

static Value resnet9(Graph& graph, const Config& config) {
    const int64_t width = config.integer("width");
    Value x = conv_block(graph, width, input(graph, config));
    x = residual(graph, 2 * width, pool(graph, conv_block(graph, 2 * width, x)));
    x = pool(graph, conv_block(graph, 4 * width, x));
    x = residual(graph, 8 * width, pool(graph, conv_block(graph, 8 * width, x)));
    x = layer(graph, "GlobalMaxPooling2D", "{}", x);
    return classes(graph, config, x);
}

LAMINA_MODEL(resnet9, R"({
    "classes": {"type": "int", "min": 2, "default": 10},
    "input_shape": {"type": "ints", "min": 1, "default": [32, 32, 3]},
    "width": {"type": "int", "min": 1, "max": 1024, "default": 32}})",
             "Eight convolutions with batch normalisation, two ways past them, one dense layer",
             resnet9)

} // namespace lamina::plugin
