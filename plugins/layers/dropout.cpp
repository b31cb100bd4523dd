/// Dropout, and SpatialDropout, which drops whole channels.
#include "lamina/plugin/nn.hpp"
#include "lists.hpp"

namespace lamina::plugin {

/// x / (1 - rate) where a draw keeps it, else 0: the expectation stays. `noise`: the shape of the
/// draws, which broadcasts to x's.
static Value drop(Graph& graph, Value x, double rate, const Dims& noise) {
    if (!graph.training() || rate == 0)
        return x;
    if (rate == 1)
        return graph.zeros(x.shape());
    // A dimension of 1 in front is shared by the batch, so it is not drawn by sample.
    const bool batched = noise[0] == x.dim(0);
    return x * (random_bernoulli(graph, noise, 1 - rate, batched) * (1 / (1 - rate)));
}

/// noise_shape: the shape of the draws; null entries are x's own.
static Value dropout(Graph& graph, const Config& config, Value x) {
    Dims noise = x.shape();
    if (config.has("noise_shape")) {
        const auto given = flat_list(config, "noise_shape");
        if (given.size() != noise.size())
            invalid("noise_shape " + config.json("noise_shape") + " does not fit the input " +
                    to_string(noise));
        for (size_t i = 0; i < noise.size(); ++i)
            noise[i] = given[i].value_or(noise[i]);
    }
    return drop(graph, x, config.number("rate"), noise);
}

template <int64_t rank>
static Value spatial_dropout(Graph& graph, const Config& config, Value x) {
    Dims noise = x.shape();
    for (const int64_t axis : spatial_axes(config, x))
        noise[static_cast<size_t>(axis)] = 1;
    expect_rank(x, rank + 2, "of a batch, channels and the spatial dimensions");
    return drop(graph, x, config.number("rate"), noise);
}

static constexpr auto rate_key =
    key("rate", R"("type": "float", "required": true, "min": 0, "max": 1)");
static constexpr auto dropout_schema = schema(
    rate_key, seed_key, key("noise_shape", R"("type": "any", "nullable": true, "default": null)"));
static constexpr auto spatial_schema = schema(rate_key, seed_key, data_format_key);

LAMINA_LAYER(Dropout, dropout_schema.text,
             "Zeroes this share of the values in training, and scales the rest", dropout)
LAMINA_LAYER(SpatialDropout1D, spatial_schema.text, "Drops whole channels", spatial_dropout<1>)
LAMINA_LAYER(SpatialDropout2D, spatial_schema.text, "Drops whole channels", spatial_dropout<2>)
LAMINA_LAYER(SpatialDropout3D, spatial_schema.text, "Drops whole channels", spatial_dropout<3>)

} // namespace lamina::plugin
