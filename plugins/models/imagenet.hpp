/// What the nets for ImageNet have in common: the settings of keras.applications, and named layers.
#pragma once

#include "lamina/plugin/schema.hpp"
#include "support.hpp"

namespace lamina::plugin {

/// The settings of a net for ImageNet.
///
/// shape: of a picture, as JSON. preprocessing: how pixels of 0 to 255, RGB, become what the
/// weights were trained on, by the name that keras.applications gives it: "caffe" (BGR, each
/// channel's mean subtracted), "tf" (-1 to 1) or "torch" (0 to 1, then by ImageNet's mean and
/// deviation). class_names: a list of names that the model's plugin has. weights: the files that
/// are published for it, as JSON {"NAME": {"file", "sha256"}}, NAME_notop for a net without its
/// top; sha256 only where we have seen the file.
template <size_t N, size_t M, size_t W>
constexpr auto imagenet_schema(const char (&shape)[N], const char (&preprocessing)[M],
                               const char (&weights)[W]) {
    return schema(
        Text(R"("weights": {"type": "object", "nullable": true, "default": )") + weights + "}",
        key("include_top", R"("type": "bool", "default": true)"),
        key("classes", R"("type": "int", "min": 2, "default": 1000)"),
        key("pooling",
            R"("type": "string", "enum": ["avg", "max"], "nullable": true, "default": null)"),
        Text(
            R"("preprocessing": {"type": "string", "enum": ["caffe", "tf", "torch"], "default": ")") +
            preprocessing + R"("})",
        key("class_names", R"("type": "string", "nullable": true, "default": "imagenet")"),
        Text(R"("input_shape": {"type": "ints", "min": 1, "default": )") + shape + "}");
}

/// Throws where the picture is smaller than the net can take.
inline void expect_picture(const Config& config, int64_t least) {
    const auto shape = config.integers("input_shape");
    if (shape.size() != 3 || shape[0] < least || shape[1] < least)
        invalid("input_shape must be a picture of at least " + std::to_string(least) + " x " +
                std::to_string(least) + " pixels and its channels");
}

inline Value named_pool(Graph& graph, const char* class_name, const std::string& name, Value x,
                        int64_t size, int64_t stride, const char* padding = "valid") {
    return layer(graph, class_name,
                 json_object({{"pool_size", Dims{size, size}},
                              {"strides", Dims{stride, stride}},
                              {"padding", padding}}),
                 x, name);
}

inline Value activation(Graph& graph, const char* function, const std::string& name, Value x) {
    return layer(graph, "Activation", json_object({{"activation", function}}), x, name);
}

/// channels_last: the last axis.
inline Value concatenate(Graph& graph, const Values& parts, const std::string& name = "") {
    return layer(graph, "Concatenate", json_object({{"axis", -1}}), parts, name);
}

/// What stands in the place of the top where it was left out: the mean or the maximum over the
/// picture, or nothing.
inline Value without_top(Graph& graph, const Config& config, Value x) {
    const std::string pooling = config.has("pooling") ? config.string("pooling") : "";
    if (pooling.empty())
        return x;
    return layer(graph, pooling == "avg" ? "GlobalAveragePooling2D" : "GlobalMaxPooling2D", "{}",
                 x);
}

/// The probabilities of the `classes`, as keras.applications names the layer.
inline Value predictions(Graph& graph, const Config& config, Value x) {
    return layer(graph, "Dense",
                 json_object({{"units", config.integer("classes")}, {"activation", "softmax"}}), x,
                 "predictions");
}

} // namespace lamina::plugin
