/// Global pooling: [N, spatial..., C] to [N, C].
#include "windows.hpp"

namespace lamina::plugin {

template <int64_t rank>
static Value global_max(Graph&, const Config& config, Value x) {
    expect_spatial(x, rank);
    return reduce_max(x, spatial_axes(config, x), config.boolean("keepdims"));
}

template <int64_t rank>
static Value global_average(Graph&, const Config& config, Value x) {
    expect_spatial(x, rank);
    return reduce_mean(x, spatial_axes(config, x), config.boolean("keepdims"));
}

static constexpr auto global_schema =
    schema(data_format_key, key("keepdims", R"("type": "bool", "default": false)"));

LAMINA_LAYER(GlobalMaxPooling1D, global_schema.text, "The largest of each channel", global_max<1>)
LAMINA_LAYER(GlobalMaxPooling2D, global_schema.text, "The largest of each channel", global_max<2>)
LAMINA_LAYER(GlobalMaxPooling3D, global_schema.text, "The largest of each channel", global_max<3>)
LAMINA_LAYER(GlobalAveragePooling1D, global_schema.text, "The mean of each channel",
             global_average<1>)
LAMINA_LAYER(GlobalAveragePooling2D, global_schema.text, "The mean of each channel",
             global_average<2>)
LAMINA_LAYER(GlobalAveragePooling3D, global_schema.text, "The mean of each channel",
             global_average<3>)

} // namespace lamina::plugin
