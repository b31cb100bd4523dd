/// SeparableConv1D, SeparableConv2D: a depthwise convolution, then one of 1x1 that mixes channels.
#include "windows.hpp"

namespace lamina::plugin {

/// depthwise_kernel: [window..., C, m]; pointwise_kernel: [1..., C * m, filters]; m the multiplier.
template <int64_t rank>
static Value separable_layer(Graph& graph, const Config& config, Value x) {
    expect_spatial(x, rank);
    const Value depthwise = depthwise_conv(config, x, [&](const Dims& shape) {
        return weight(graph, config, "depthwise_kernel", shape, "depthwise");
    });

    const int64_t filters = config.integer("filters");
    Dims shape(rank, 1);
    shape.insert(shape.end(), {depthwise.dim(channel_axis(config, depthwise)), filters});
    ConvOptions pointwise;
    pointwise.data_format = config.string("data_format");
    Value y =
        conv(depthwise, weight(graph, config, "pointwise_kernel", shape, "pointwise"), pointwise);
    if (config.boolean("use_bias"))
        y = y + per_channel(config, weight(graph, config, "bias", {filters}), y);
    return regularize_activity(graph, config, activate(graph, config, "activation", y));
}

static constexpr auto separable_schema =
    schema(key("filters", R"("type": "int", "required": true, "min": 1)"), window_keys, padding_key,
           depth_multiplier_key, activation_key, use_bias_key,
           weight_keys("depthwise", "glorot_uniform"), weight_keys("pointwise", "glorot_uniform"),
           weight_keys("bias", "zeros"), regularizer_key("activity"));

LAMINA_LAYER(SeparableConv1D, separable_schema.text, "Depthwise, then pointwise convolution",
             separable_layer<1>)
LAMINA_LAYER(SeparableConv2D, separable_schema.text, "Depthwise, then pointwise convolution",
             separable_layer<2>)

} // namespace lamina::plugin
