/// Draws of a fixed spread.
#include "shape.hpp"

namespace lamina::plugin {

static Value uniform(Graph& graph, const Config& config) {
    const double low = config.number("minval"), high = config.number("maxval");
    if (low > high)
        invalid("minval " + std::to_string(low) + " is above maxval " + std::to_string(high));
    return random_uniform(graph, config.integers("_shape"), low, high, false);
}
template <bool truncated>
static Value normal(Graph& graph, const Config& config) {
    return random_normal(graph, config.integers("_shape"), config.number("mean"),
                         config.number("stddev"), truncated, false);
}

static constexpr auto uniform_schema =
    schema(draw_keys, key("minval", R"("type": "float", "default": -0.05)"),
           key("maxval", R"("type": "float", "default": 0.05)"));
static constexpr auto normal_schema =
    schema(draw_keys, key("mean", R"("type": "float", "default": 0)"),
           key("stddev", R"("type": "float", "min": 0, "default": 0.05)"));

LAMINA_INITIALIZER(random_uniform, uniform_schema.text, "uniform in [minval, maxval)", uniform)
LAMINA_INITIALIZER(random_normal, normal_schema.text, "normal", normal<false>)
LAMINA_INITIALIZER(truncated_normal, normal_schema.text, "normal, within two standard deviations",
                   normal<true>)

} // namespace lamina::plugin
