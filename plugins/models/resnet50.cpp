/// ResNet-50 (He et al. 2015), with the layers of keras.applications.
#include "imagenet.hpp"

namespace lamina::plugin {

namespace {

constexpr double kEpsilon = 1.001e-5;

Value convolution_bn(Graph& graph, const std::string& name, Value x, int64_t filters, int64_t size,
                     int64_t stride, const char* padding) {
    x = layer(graph, "Conv2D",
              json_object({{"filters", filters},
                           {"kernel_size", Dims{size, size}},
                           {"strides", Dims{stride, stride}},
                           {"padding", padding}}),
              x, name + "_conv");
    return layer(graph, "BatchNormalization", json_object({{"epsilon", kEpsilon}}), x,
                 name + "_bn");
}

Value zero_padding(Graph& graph, const std::string& name, Value x, int64_t pixels) {
    return layer(graph, "ZeroPadding2D", json_object({{"padding", Dims{pixels, pixels}}}), x, name);
}

/// A bottleneck: 1x1, 3x3, 1x1 to four times the filters, and a way around it.
Value block(Graph& graph, const std::string& name, Value x, int64_t filters, int64_t stride,
            bool changes_shape) {
    const Value around =
        changes_shape ? convolution_bn(graph, name + "_0", x, 4 * filters, 1, stride, "valid") : x;
    Value y = convolution_bn(graph, name + "_1", x, filters, 1, stride, "valid");
    y = activation(graph, "relu", name + "_1_relu", y);
    y = convolution_bn(graph, name + "_2", y, filters, 3, 1, "same");
    y = activation(graph, "relu", name + "_2_relu", y);
    y = convolution_bn(graph, name + "_3", y, 4 * filters, 1, 1, "valid");
    y = layer(graph, "Add", "{}", Values{around, y}, name + "_add");
    return activation(graph, "relu", name + "_out", y);
}

} // namespace

static Value resnet50(Graph& graph, const Config& config) {
    expect_picture(config, 32);
    Value x = zero_padding(graph, "conv1_pad", input(graph, config), 3);
    x = convolution_bn(graph, "conv1", x, 64, 7, 2, "valid");
    x = activation(graph, "relu", "conv1_relu", x);
    x = named_pool(graph, "MaxPooling2D", "pool1_pool", zero_padding(graph, "pool1_pad", x, 1), 3,
                   2);
    struct Stage {
        int64_t filters;
        int blocks;
        int64_t stride;
    };
    int number = 1;
    for (const Stage& stage : {Stage{64, 3, 1}, {128, 4, 2}, {256, 6, 2}, {512, 3, 2}}) {
        const std::string name = "conv" + std::to_string(++number) + "_block";
        for (int i = 1; i <= stage.blocks; ++i)
            x = block(graph, name + std::to_string(i), x, stage.filters, i == 1 ? stage.stride : 1,
                      i == 1);
    }
    if (!config.boolean("include_top"))
        return without_top(graph, config, x);
    return predictions(graph, config, layer(graph, "GlobalAveragePooling2D", "{}", x, "avg_pool"));
}

static constexpr auto resnet50_schema =
    imagenet_schema("[224, 224, 3]", "caffe",
                    R"({"imagenet": {"file": "resnet50_weights_tf_dim_ordering_tf_kernels.h5"},
        "imagenet_notop": {"file": "resnet50_weights_tf_dim_ordering_tf_kernels_notop.h5"}})");

LAMINA_MODEL(resnet50, resnet50_schema.text, "ResNet-50, for ImageNet", resnet50)

} // namespace lamina::plugin
