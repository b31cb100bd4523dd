/// SqueezeNet v1.1 (Iandola et al. 2016), with the layers of the weights that are shared for Keras.
#include "imagenet.hpp"

namespace lamina::plugin {

namespace {

/// relu follows as a layer of its own.
Value convolution_relu(Graph& graph, const std::string& name, const std::string& relu, Value x,
                       int64_t filters, int64_t size, int64_t stride = 1) {
    x = layer(graph, "Conv2D",
              json_object({{"filters", filters},
                           {"kernel_size", Dims{size, size}},
                           {"strides", Dims{stride, stride}},
                           {"padding", size == 3 && stride == 1 ? "same" : "valid"}}),
              x, name);
    return activation(graph, "relu", relu, x);
}

/// Caffe's pools of 3 with stride 2 round up: what sticks out of an even side is left out of the
/// maximum, as "same" does it; odd sides come out even.
Value pool_up(Graph& graph, const std::string& name, Value x) {
    const bool even = x.dim(1) % 2 == 0 || x.dim(2) % 2 == 0;
    return named_pool(graph, "MaxPooling2D", name, x, 3, 2, even ? "same" : "valid");
}

Value fire(Graph& graph, int number, Value x, int64_t squeezed, int64_t expanded) {
    const std::string name = "fire" + std::to_string(number) + "/";
    x = convolution_relu(graph, name + "squeeze1x1", name + "relu_squeeze1x1", x, squeezed, 1);
    const Value narrow =
        convolution_relu(graph, name + "expand1x1", name + "relu_expand1x1", x, expanded, 1);
    const Value wide =
        convolution_relu(graph, name + "expand3x3", name + "relu_expand3x3", x, expanded, 3);
    return concatenate(graph, {narrow, wide}, name + "concat");
}

} // namespace

static Value squeezenet(Graph& graph, const Config& config) {
    expect_picture(config, 48);
    Value x = input(graph, config);
    x = convolution_relu(graph, "conv1", "relu_conv1", x, 64, 3, 2);
    x = pool_up(graph, "pool1", x);
    x = fire(graph, 3, fire(graph, 2, x, 16, 64), 16, 64);
    x = pool_up(graph, "pool3", x);
    x = fire(graph, 5, fire(graph, 4, x, 32, 128), 32, 128);
    x = pool_up(graph, "pool5", x);
    x = fire(graph, 7, fire(graph, 6, x, 48, 192), 48, 192);
    x = fire(graph, 9, fire(graph, 8, x, 64, 256), 64, 256);
    if (!config.boolean("include_top"))
        return without_top(graph, config, x);
    x = layer(graph, "Dropout", json_object({{"rate", 0.5}}), x, "drop9");
    x = convolution_relu(graph, "conv10", "relu_conv10", x, config.integer("classes"), 1);
    x = layer(graph, "GlobalAveragePooling2D", "{}", x);
    return activation(graph, "softmax", "loss", x);
}

static constexpr auto squeezenet_schema =
    imagenet_schema("[227, 227, 3]", "caffe",
                    R"({"imagenet": {"file": "squeezenet_v1.1_with_top.h5",
                     "sha256": "34dc5f87540996b83cf6957f81d99fb42d8ccfd46db698c722b082e1ceb94a7d"}})");

LAMINA_MODEL(squeezenet, squeezenet_schema.text, "SqueezeNet v1.1, for ImageNet", squeezenet)

} // namespace lamina::plugin
