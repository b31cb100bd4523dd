/// Conv1D, Conv2D, Conv3D.
#include "lamina/plugin/layer.hpp"
#include "windows.hpp"

namespace lamina::plugin {

/// x: [N, spatial..., C]; kernel: [window..., C / groups, filters]; bias: [filters].
template <int64_t rank>
static Value conv_layer(Graph& graph, const Config& config, Value x) {
    expect_spatial(x, rank);
    const int64_t filters = config.integer("filters");
    const int64_t channels = x.dim(channel_axis(config, x));
    const int64_t groups = config.integer("groups");
    if (channels % groups != 0 || filters % groups != 0)
        invalid("groups " + std::to_string(groups) + " must divide the input's " +
                std::to_string(channels) + " channels and the " + std::to_string(filters) +
                " filters");

    Dims shape = config.integers("kernel_size", rank);
    ConvOptions options = conv_options(config, x, shape);
    options.groups = groups;
    shape.insert(shape.end(), {channels / groups, filters});

    Value y = conv(x, weight(graph, config, "kernel", shape), options);
    if (config.boolean("use_bias"))
        y = y + per_channel(config, weight(graph, config, "bias", {filters}), y);
    return regularize_activity(graph, config, activate(graph, config, "activation", y));
}

template <size_t N>
static constexpr auto conv_schema(const Text<N>& padding) {
    return schema(key("filters", R"("type": "int", "required": true, "min": 1)"), window_keys,
                  padding, key("groups", R"("type": "int", "min": 1, "default": 1)"),
                  activation_key, use_bias_key, weight_keys("kernel", "glorot_uniform"),
                  weight_keys("bias", "zeros"), regularizer_key("activity"));
}
static constexpr auto causal_schema =
    conv_schema(key("padding", R"("type": "string", "enum": ["valid", "same", "causal"],
                                  "default": "valid")"));
static constexpr auto padding_schema = conv_schema(padding_key);

LAMINA_LAYER(Conv1D, causal_schema.text, "Convolution over time", conv_layer<1>)
LAMINA_LAYER(Conv2D, padding_schema.text, "Convolution over images", conv_layer<2>)
LAMINA_LAYER(Conv3D, padding_schema.text, "Convolution over volumes", conv_layer<3>)

} // namespace lamina::plugin
