#include "lamina/plugin/layer.hpp"
#include "lamina/plugin/nn.hpp"

namespace lamina::plugin {

static Value gaussian_noise(Graph& graph, const Config& config, Value x) {
    const double stddev = config.number("stddev");
    if (!graph.training() || stddev == 0)
        return x;
    return x + random_normal(graph, x.shape(), 0, stddev, false, true);
}

static constexpr auto noise_schema =
    schema(key("stddev", R"("type": "float", "required": true, "min": 0)"), seed_key);

LAMINA_LAYER(GaussianNoise, noise_schema.text, "Adds normal noise in training", gaussian_noise)

} // namespace lamina::plugin
