/// What convolutions and pools share: their configuration keys and Keras's padding.
#pragma once

#include <tuple>

#include "lamina/plugin/layer.hpp"
#include "lamina/plugin/nn.hpp"
#include "lamina/plugin/window.hpp"

namespace lamina::plugin {

inline constexpr auto padding_key =
    key("padding", R"("type": "string", "enum": ["valid", "same"], "default": "valid")");
/// A convolution's window, without its padding. The bounds keep 1 + (window - 1) * dilation and
/// what is worked out from it within 63 bits.
inline constexpr auto window_keys = members(
    key("kernel_size", R"("type": "ints", "required": true, "min": 1, "max": 2147483647)"),
    key("strides", R"("type": "ints", "min": 1, "max": 2147483647, "default": 1)"), data_format_key,
    key("dilation_rate", R"("type": "ints", "min": 1, "max": 2147483647, "default": 1)"));

/// Throws unless x is [N, spatial..., C] or [N, C, spatial...] with `rank` spatial dimensions.
inline void expect_spatial(Value x, int64_t rank) {
    constexpr const char* layouts[] = {"", "[N, length, C]", "[N, H, W, C]", "[N, D, H, W, C]"};
    expect_rank(x, rank + 2, layouts[rank]);
}

struct Padding {
    Dims low, high;
};

/// valid: none. same: ceil(in / stride) windows, the odd element after. causal: all before, so that
/// an output sees nothing of its future.
inline Padding window_padding(const std::string& padding, const Dims& in, const Dims& window,
                              const Dims& strides, const Dims& dilations) {
    Padding result{Dims(in.size(), 0), Dims(in.size(), 0)};
    for (size_t i = 0; i < in.size(); ++i) {
        const int64_t effective = effective_window(window[i], dilations[i]);
        if (padding == "same")
            std::tie(result.low[i], result.high[i]) = same_padding(in[i], strides[i], effective);
        if (padding == "causal")
            result.low[i] = effective - 1;
    }
    return result;
}

inline ConvOptions conv_options(const Config& config, Value x, const Dims& window) {
    ConvOptions options;
    options.strides = config.integers("strides", window.size());
    options.dilations = config.integers("dilation_rate", window.size());
    auto padding = window_padding(config.string("padding"), spatial_dims(config, x), window,
                                  options.strides, options.dilations);
    options.padding_low = std::move(padding.low);
    options.padding_high = std::move(padding.high);
    options.data_format = config.string("data_format");
    return options;
}

inline constexpr auto depth_multiplier_key =
    key("depth_multiplier", R"("type": "int", "min": 1, "default": 1)");

/// Convolves each channel with depth_multiplier filters of its own. `kernel` makes the weight of
/// Keras's shape [window..., C, multiplier], whose output channel is c * multiplier + m: the order
/// of C groups with [window..., 1, C * multiplier].
template <class Kernel>
Value depthwise_conv(const Config& config, Value x, Kernel kernel) {
    const int64_t channels = x.dim(channel_axis(config, x));
    const int64_t multiplier = config.integer("depth_multiplier");
    const Dims window = config.integers("kernel_size", static_cast<size_t>(x.rank() - 2));
    ConvOptions options = conv_options(config, x, window);
    options.groups = channels;
    Dims stored = window, grouped = window;
    stored.insert(stored.end(), {channels, multiplier});
    grouped.insert(grouped.end(), {1, scaled_extent(channels, multiplier)});
    return conv(x, reshape(kernel(stored), grouped), options);
}

} // namespace lamina::plugin
