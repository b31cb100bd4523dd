/// UpSampling1D, UpSampling2D, UpSampling3D: each dimension times its factor.
#include "lamina/plugin/layer.hpp"
#include "lamina/plugin/nn.hpp"

namespace lamina::plugin {

template <size_t rank>
static Value up_sampling(Graph&, const Config& config, Value x) {
    expect_rank(x, rank + 2, "of a batch, channels and the spatial dimensions");
    const std::string data_format = config.string("data_format", "channels_last");
    const size_t first = data_format == "channels_first" ? 2 : 1;
    Dims size = config.integers("size", rank);
    for (size_t i = 0; i < rank; ++i)
        size[i] = scaled_extent(x.dim(static_cast<int64_t>(first + i)), size[i]);
    return resize(x, size, config.string("interpolation", "nearest"), data_format);
}

static constexpr auto size_key = key("size", R"("type": "ints", "min": 1, "default": 2)");
static constexpr auto schema_1d = schema(size_key);
static constexpr auto schema_2d =
    schema(size_key, data_format_key,
           key("interpolation",
               R"("type": "string", "enum": ["nearest", "bilinear"], "default": "nearest")"));
static constexpr auto schema_3d = schema(size_key, data_format_key);

LAMINA_LAYER(UpSampling1D, schema_1d.text, "Repeats each step", up_sampling<1>)
LAMINA_LAYER(UpSampling2D, schema_2d.text, "Repeats or interpolates rows and columns",
             up_sampling<2>)
LAMINA_LAYER(UpSampling3D, schema_3d.text, "Repeats along three dimensions", up_sampling<3>)

} // namespace lamina::plugin
