/// Conv1DTranspose, Conv2DTranspose, Conv3DTranspose: the backward pass of a convolution with
/// respect to its input, used forward.
#include <algorithm>
#include <optional>

#include "windows.hpp"

namespace lamina::plugin {

/// Keras's output size; without output_padding, "same" gives in * stride, and "valid" the smallest
/// size that a convolution of the same stride shrinks to `in`.
static int64_t output_size(int64_t in, int64_t window, int64_t stride, bool same,
                           std::optional<int64_t> output_padding) {
    if (same && !output_padding)
        return scaled_extent(in, stride);
    const int64_t span = scaled_extent(in - 1, stride);
    if (same)
        return span + window % 2 + *output_padding;
    return span + window + output_padding.value_or(std::max<int64_t>(stride - window, 0));
}

/// x: [N, spatial..., C]; kernel: [window..., filters, C]; bias: [filters].
template <int64_t rank>
static Value conv_transpose(Graph& graph, const Config& config, Value x) {
    expect_spatial(x, rank);
    const int64_t filters = config.integer("filters");
    const int64_t channels = x.dim(channel_axis(config, x));
    Dims shape = config.integers("kernel_size", rank);

    ConvOptions options;
    options.strides = config.integers("strides", rank);
    options.dilations = config.integers("dilation_rate", rank);
    options.data_format = config.string("data_format");
    const bool same = config.string("padding") == "same";

    const Dims in = spatial_dims(config, x);
    Dims out(rank);
    for (size_t i = 0; i < rank; ++i) {
        std::optional<int64_t> output_padding;
        if (config.has("output_padding"))
            output_padding = config.integers("output_padding", rank)[i];
        if (output_padding && *output_padding >= options.strides[i])
            invalid("output_padding " + std::to_string(*output_padding) +
                    " must be less than the stride " + std::to_string(options.strides[i]));
        out[i] = output_size(in[i], effective_window(shape[i], options.dilations[i]),
                             options.strides[i], same, output_padding);
    }
    auto padding =
        window_padding(config.string("padding"), out, shape, options.strides, options.dilations);
    options.padding_low = std::move(padding.low);
    options.padding_high = std::move(padding.high);

    Dims y_shape = x.shape();
    for (size_t i = 0; i < rank; ++i)
        y_shape[static_cast<size_t>(spatial_axes(config, x)[i])] = out[i];
    y_shape[static_cast<size_t>(channel_axis(config, x))] = filters;
    shape.insert(shape.end(), {filters, channels});

    Value y = conv_backward_data(x, weight(graph, config, "kernel", shape), y_shape, options);
    if (config.boolean("use_bias"))
        y = y + per_channel(config, weight(graph, config, "bias", {filters}), y);
    return regularize_activity(graph, config, activate(graph, config, "activation", y));
}

static constexpr auto transpose_schema =
    schema(key("filters", R"("type": "int", "required": true, "min": 1)"), window_keys, padding_key,
           key("output_padding", R"("type": "ints", "min": 0, "nullable": true, "default": null)"),
           activation_key, use_bias_key, weight_keys("kernel", "glorot_uniform"),
           weight_keys("bias", "zeros"), regularizer_key("activity"));

LAMINA_LAYER(Conv1DTranspose, transpose_schema.text, "Transposed convolution", conv_transpose<1>)
LAMINA_LAYER(Conv2DTranspose, transpose_schema.text, "Transposed convolution", conv_transpose<2>)
LAMINA_LAYER(Conv3DTranspose, transpose_schema.text, "Transposed convolution", conv_transpose<3>)

} // namespace lamina::plugin
