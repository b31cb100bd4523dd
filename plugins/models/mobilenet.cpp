/// MobileNet (Howard et al. 2017), of width 1, with the layers of keras.applications.
#include "imagenet.hpp"

namespace lamina::plugin {

namespace {

/// Batch normalisation and relu up to 6 behind a convolution.
Value normalised(Graph& graph, const std::string& name, Value x) {
    x = layer(graph, "BatchNormalization", "{}", x, name + "_bn");
    return layer(graph, "ReLU", json_object({{"max_value", 6.0}}), x, name + "_relu");
}

Value convolution(Graph& graph, const std::string& name, Value x, int64_t filters, int64_t size,
                  int64_t stride) {
    x = layer(graph, "Conv2D",
              json_object({{"filters", filters},
                           {"kernel_size", Dims{size, size}},
                           {"strides", Dims{stride, stride}},
                           {"padding", "same"},
                           {"use_bias", false}}),
              x, name);
    return normalised(graph, name, x);
}

/// A convolution of 3x3 within each channel, then one of 1x1 across them.
Value separable(Graph& graph, int number, Value x, int64_t filters, int64_t stride) {
    const std::string n = std::to_string(number);
    if (stride > 1) {
        const std::vector<JsonText> after{Dims{0, 1}, Dims{0, 1}};
        x = layer(graph, "ZeroPadding2D", json_object({{"padding", after}}), x, "conv_pad_" + n);
    }
    x = layer(graph, "DepthwiseConv2D",
              json_object({{"kernel_size", Dims{3, 3}},
                           {"strides", Dims{stride, stride}},
                           {"padding", stride > 1 ? "valid" : "same"},
                           {"use_bias", false}}),
              x, "conv_dw_" + n);
    x = normalised(graph, "conv_dw_" + n, x);
    return convolution(graph, "conv_pw_" + n, x, filters, 1, 1);
}

} // namespace

static Value mobilenet(Graph& graph, const Config& config) {
    expect_picture(config, 32);
    Value x = convolution(graph, "conv1", input(graph, config), 32, 3, 2);
    struct Block {
        int64_t filters, stride;
    };
    int number = 0;
    for (const Block& b : {Block{64, 1},
                           {128, 2},
                           {128, 1},
                           {256, 2},
                           {256, 1},
                           {512, 2},
                           {512, 1},
                           {512, 1},
                           {512, 1},
                           {512, 1},
                           {512, 1},
                           {1024, 2},
                           {1024, 1}})
        x = separable(graph, ++number, x, b.filters, b.stride);
    if (!config.boolean("include_top"))
        return without_top(graph, config, x);
    const int64_t classes = config.integer("classes");
    x = layer(graph, "GlobalAveragePooling2D", json_object({{"keepdims", true}}), x);
    x = layer(graph, "Dropout", json_object({{"rate", 0.001}}), x, "dropout");
    x = layer(graph, "Conv2D",
              json_object({{"filters", classes}, {"kernel_size", Dims{1, 1}}, {"padding", "same"}}),
              x, "conv_preds");
    x = layer(graph, "Reshape", json_object({{"target_shape", Dims{classes}}}), x, "reshape_2");
    return activation(graph, "softmax", "predictions", x);
}

static constexpr auto mobilenet_schema =
    imagenet_schema("[224, 224, 3]", "tf",
                    R"({"imagenet": {"file": "mobilenet_1_0_224_tf.h5"},
        "imagenet_notop": {"file": "mobilenet_1_0_224_tf_no_top.h5"}})");

LAMINA_MODEL(mobilenet, mobilenet_schema.text, "MobileNet, for ImageNet", mobilenet)

} // namespace lamina::plugin
