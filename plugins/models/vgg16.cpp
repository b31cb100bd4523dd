/// VGG-16 (Simonyan and Zisserman 2014, configuration D), with the layers of keras.applications.
#include "imagenet.hpp"

namespace lamina::plugin {

static Value vgg16(Graph& graph, const Config& config) {
    expect_picture(config, 32);
    Value x = input(graph, config);
    struct Block {
        int64_t filters;
        int convolutions;
    };
    int number = 0;
    for (const Block& block : {Block{64, 2}, {128, 2}, {256, 3}, {512, 3}, {512, 3}}) {
        const std::string name = "block" + std::to_string(++number);
        for (int i = 1; i <= block.convolutions; ++i)
            x = layer(graph, "Conv2D",
                      json_object({{"filters", block.filters},
                                   {"kernel_size", Dims{3, 3}},
                                   {"padding", "same"},
                                   {"activation", "relu"}}),
                      x, name + "_conv" + std::to_string(i));
        x = named_pool(graph, "MaxPooling2D", name + "_pool", x, 2, 2);
    }
    if (!config.boolean("include_top"))
        return without_top(graph, config, x);
    x = layer(graph, "Flatten", "{}", x, "flatten");
    for (const char* name : {"fc1", "fc2"})
        x = layer(graph, "Dense", json_object({{"units", 4096}, {"activation", "relu"}}), x, name);
    return predictions(graph, config, x);
}

static constexpr auto vgg16_schema =
    imagenet_schema("[224, 224, 3]", "caffe",
                    R"({"imagenet": {"file": "vgg16_weights_tf_dim_ordering_tf_kernels.h5"},
        "imagenet_notop": {"file": "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5"}})");

LAMINA_MODEL(vgg16, vgg16_schema.text, "VGG-16: thirteen 3x3 convolutions, for ImageNet", vgg16)

} // namespace lamina::plugin
