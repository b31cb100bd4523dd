// He et al. (2016), small: three blocks of two convolutions with a skip around them.
#include "lamina/plugin/graph_function.hpp"
#include "lamina/plugin/json_text.hpp"

using namespace lamina::plugin;

namespace {

Value layer(const char* class_name, const std::string& settings, Value x) {
    return x.graph().apply("layer", class_name, settings, x);
}
Value convolution(int64_t filters, int64_t size, int64_t strides, Value x) {
    const std::string settings = json_object({{"filters", filters},
                                              {"kernel_size", size},
                                              {"strides", strides},
                                              {"padding", "same"},
                                              {"use_bias", false}});
    return layer("BatchNormalization", "{}", layer("Conv2D", settings, x));
}
Value relu_of(Value x) { return layer("Activation", json_object({{"activation", "relu"}}), x); }

Value block(int64_t filters, int64_t strides, Value x) {
    const Value inner = convolution(filters, 3, 1, relu_of(convolution(filters, 3, strides, x)));
    const Value skip = strides == 1 ? x : convolution(filters, 1, strides, x);
    return relu_of(x.graph().apply("layer", "Add", "{}", Values{inner, skip}).at(0));
}

Value small_resnet(Graph& graph, const Config& config) {
    std::vector<JsonText> batch_shape{nullptr};
    for (const int64_t d : config.integers("input_shape"))
        batch_shape.emplace_back(d);
    Value x =
        graph.apply("layer", "InputLayer", json_object({{"batch_shape", batch_shape}}), Values())
            .at(0);
    const int64_t filters = config.integer("filters");
    x = relu_of(convolution(filters, 3, 1, x));
    x = block(4 * filters, 2, block(2 * filters, 2, block(filters, 1, x)));
    x = layer("GlobalAveragePooling2D", "{}", x);
    return layer("Dense",
                 json_object({{"units", config.integer("classes")}, {"activation", "softmax"}}), x);
}

} // namespace

LAMINA_MODEL(small_resnet, R"({"classes": {"type": "int", "min": 2, "default": 10},
                               "filters": {"type": "int", "min": 1, "default": 8},
                               "input_shape": {"type": "ints", "min": 1, "default": [28, 28, 1]}})",
             "Three residual blocks", small_resnet)
