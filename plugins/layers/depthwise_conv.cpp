/// DepthwiseConv1D, DepthwiseConv2D: each channel has filters of its own.
#include "windows.hpp"

namespace lamina::plugin {

/// x: [N, spatial..., C]; kernel: [window..., C, depth_multiplier]; bias: [C * depth_multiplier].
template <int64_t rank>
static Value depthwise_layer(Graph& graph, const Config& config, Value x) {
    expect_spatial(x, rank);
    Value y = depthwise_conv(config, x, [&](const Dims& shape) {
        return weight(graph, config, "kernel", shape, "depthwise");
    });
    if (config.boolean("use_bias"))
        y = y +
            per_channel(config, weight(graph, config, "bias", {y.dim(channel_axis(config, y))}), y);
    return regularize_activity(graph, config, activate(graph, config, "activation", y));
}

static constexpr auto depthwise_schema =
    schema(window_keys, padding_key, depth_multiplier_key, activation_key, use_bias_key,
           weight_keys("depthwise", "glorot_uniform"), weight_keys("bias", "zeros"),
           regularizer_key("activity"));

LAMINA_LAYER(DepthwiseConv1D, depthwise_schema.text, "Convolution of each channel apart",
             depthwise_layer<1>)
LAMINA_LAYER(DepthwiseConv2D, depthwise_schema.text, "Convolution of each channel apart",
             depthwise_layer<2>)

} // namespace lamina::plugin
