/// MaxPooling and AveragePooling over one, two and three dimensions.
#include "windows.hpp"

namespace lamina::plugin {

/// strides null: as large as the window, so that windows do not overlap.
static PoolOptions pool_options(const Config& config, Value x, size_t rank) {
    PoolOptions options;
    options.window = config.integers("pool_size", rank);
    options.strides = config.has("strides") ? config.integers("strides", rank) : options.window;
    auto padding = window_padding(config.string("padding"), spatial_dims(config, x), options.window,
                                  options.strides, Dims(rank, 1));
    options.padding_low = std::move(padding.low);
    options.padding_high = std::move(padding.high);
    options.data_format = config.string("data_format");
    return options;
}

template <int64_t rank>
static Value max_pooling(Graph&, const Config& config, Value x) {
    expect_spatial(x, rank);
    return max_pool(x, pool_options(config, x, rank));
}

template <int64_t rank>
static Value average_pooling(Graph&, const Config& config, Value x) {
    expect_spatial(x, rank);
    return avg_pool(x, pool_options(config, x, rank));
}

static constexpr auto pooling_schema =
    schema(key("pool_size", R"("type": "ints", "min": 1, "max": 2147483647, "default": 2)"),
           key("strides",
               R"("type": "ints", "min": 1, "max": 2147483647, "nullable": true, "default": null)"),
           padding_key, data_format_key);

LAMINA_LAYER(MaxPooling1D, pooling_schema.text, "The largest of each window", max_pooling<1>)
LAMINA_LAYER(MaxPooling2D, pooling_schema.text, "The largest of each window", max_pooling<2>)
LAMINA_LAYER(MaxPooling3D, pooling_schema.text, "The largest of each window", max_pooling<3>)
LAMINA_LAYER(AveragePooling1D, pooling_schema.text, "The mean of each window", average_pooling<1>)
LAMINA_LAYER(AveragePooling2D, pooling_schema.text, "The mean of each window", average_pooling<2>)
LAMINA_LAYER(AveragePooling3D, pooling_schema.text, "The mean of each window", average_pooling<3>)

} // namespace lamina::plugin
