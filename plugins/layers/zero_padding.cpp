/// ZeroPadding and Cropping over one, two and three dimensions.
#include "lists.hpp"

namespace lamina::plugin {

/// Cropping1D has no data_format: it takes [N, length, C].
static Dims border_axes(const Config& config, Value x) {
    return config.has("data_format") ? spatial_axes(config, x) : Dims{1};
}

template <int64_t rank>
static Value zero_padding(Graph&, const Config& config, Value x) {
    expect_rank(x, rank + 2, "of a batch, channels and the spatial dimensions");
    const Borders borders = read_borders(config, "padding", rank);
    Dims low(rank + 2, 0), high(rank + 2, 0);
    const Dims axes = border_axes(config, x);
    for (size_t i = 0; i < rank; ++i) {
        low[static_cast<size_t>(axes[i])] = borders.before[i];
        high[static_cast<size_t>(axes[i])] = borders.after[i];
    }
    return pad(x, low, high);
}

template <int64_t rank>
static Value cropping(Graph&, const Config& config, Value x) {
    expect_rank(x, rank + 2, "of a batch, channels and the spatial dimensions");
    const Borders borders = read_borders(config, "cropping", rank);
    Dims begin(rank + 2, 0), size = x.shape();
    const Dims axes = border_axes(config, x);
    for (size_t i = 0; i < rank; ++i) {
        const auto axis = static_cast<size_t>(axes[i]);
        begin[axis] = borders.before[i];
        size[axis] -= borders.before[i] + borders.after[i];
        if (size[axis] < 1)
            invalid("cropping " + std::to_string(borders.before[i]) + " and " +
                    std::to_string(borders.after[i]) + " leaves nothing of the input " +
                    to_string(x.shape()));
    }
    return slice(x, begin, size, Dims(rank + 2, 1));
}

static constexpr auto padding_schema =
    schema(key("padding", R"("type": "any", "default": 1)"), data_format_key);
static constexpr auto cropping_1d = schema(key("cropping", R"("type": "any", "default": 1)"));
static constexpr auto cropping_2d =
    schema(key("cropping", R"("type": "any", "default": 0)"), data_format_key);
static constexpr auto cropping_3d =
    schema(key("cropping", R"("type": "any", "default": 1)"), data_format_key);

LAMINA_LAYER(ZeroPadding1D, padding_schema.text, "Zeros around", zero_padding<1>)
LAMINA_LAYER(ZeroPadding2D, padding_schema.text, "Zeros around", zero_padding<2>)
LAMINA_LAYER(ZeroPadding3D, padding_schema.text, "Zeros around", zero_padding<3>)
LAMINA_LAYER(Cropping1D, cropping_1d.text, "Cuts the borders off", cropping<1>)
LAMINA_LAYER(Cropping2D, cropping_2d.text, "Cuts the borders off", cropping<2>)
LAMINA_LAYER(Cropping3D, cropping_3d.text, "Cuts the borders off", cropping<3>)

} // namespace lamina::plugin
