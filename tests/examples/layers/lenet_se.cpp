// LeNet with Mish for relu and a squeeze-and-excitation behind its second convolution.
#include "lamina/plugin/graph_function.hpp"
#include "lamina/plugin/json_text.hpp"

using namespace lamina::plugin;

static Value lenet_se(Graph& graph, const Config& config) {
    const auto layer = [&](const char* class_name, const std::string& settings, Value x) {
        return graph.apply("layer", class_name, settings, x);
    };
    const auto block = [&](int64_t filters, Value x) {
        x = layer("Conv2D",
                  json_object({{"filters", filters}, {"kernel_size", 5}, {"padding", "same"}}), x);
        return layer("Mish", "{}", x);
    };
    std::vector<JsonText> batch_shape{nullptr, 28, 28, 1};
    Value x =
        graph.apply("layer", "InputLayer", json_object({{"batch_shape", batch_shape}}), Values())
            .at(0);
    x = layer("MaxPooling2D", "{}", block(20, x));
    x = layer("SqueezeExcite", "{}", block(50, x));
    x = layer("Flatten", "{}", layer("MaxPooling2D", "{}", x));
    x = layer("Mish", "{}", layer("Dense", json_object({{"units", 128}}), x));
    return layer("Dense",
                 json_object({{"units", config.integer("classes")}, {"activation", "softmax"}}), x);
}

LAMINA_MODEL(lenet_se, R"({"classes": {"type": "int", "min": 2, "default": 10}})",
             "LeNet with Mish and a squeeze-and-excitation", lenet_se)
