/// What the nets of the zoo are made with.
#pragma once

#include "lamina/plugin/graph_function.hpp"
#include "lamina/plugin/json_text.hpp"

namespace lamina::plugin {

/// Adds a layer of a model. name "": Keras's next one for the class.
inline Value layer(Graph& graph, const char* class_name, const std::string& config, const Values& x,
                   const std::string& name = "") {
    return graph.apply("layer", class_name, config, x, name.c_str()).at(0);
}
inline Value layer(Graph& graph, const char* class_name, const std::string& config, Value x,
                   const std::string& name = "") {
    return layer(graph, class_name, config, Values{x}, name);
}

/// The model's input: a batch of `input_shape`.
inline Value input(Graph& graph, const Config& config) {
    std::vector<JsonText> batch_shape{nullptr};
    for (const int64_t d : config.integers("input_shape"))
        batch_shape.emplace_back(d);
    return layer(graph, "InputLayer", json_object({{"batch_shape", batch_shape}}), Values());
}

/// stride 1, relu. padding: "same" or "valid".
inline Value convolution(Graph& graph, int64_t filters, int64_t kernel_size, const char* padding,
                         Value x) {
    return layer(graph, "Conv2D",
                 json_object({{"filters", filters},
                              {"kernel_size", Dims{kernel_size, kernel_size}},
                              {"padding", padding},
                              {"activation", "relu"}}),
                 x);
}

/// The maximum of each 2x2.
inline Value pool(Graph& graph, Value x) {
    return layer(graph, "MaxPooling2D",
                 json_object({{"pool_size", Dims{2, 2}}, {"strides", Dims{2, 2}}}), x);
}

inline Value dropout(Graph& graph, double rate, Value x) {
    return layer(graph, "Dropout", json_object({{"rate", rate}}), x);
}

inline Value flatten(Graph& graph, Value x) { return layer(graph, "Flatten", "{}", x); }

inline Value dense(Graph& graph, int64_t units, const char* activation, Value x) {
    return layer(graph, "Dense", json_object({{"units", units}, {"activation", activation}}), x);
}

/// The probabilities of the `classes`.
inline Value classes(Graph& graph, const Config& config, Value x) {
    return dense(graph, config.integer("classes"), "softmax", x);
}

} // namespace lamina::plugin
