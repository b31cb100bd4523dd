/// Draws whose variance is scale / n, n one of the fans or their mean: Glorot, He and LeCun.
#include <cmath>
#include <string>

#include "shape.hpp"

namespace lamina::plugin {

struct Fans {
    double in, out;
};

/// How many values a weight sums over, forward and backward. A convolution's is times the window.
static Fans fans(const Dims& shape) {
    if (shape.empty())
        return {1, 1};
    if (shape.size() == 1)
        return {static_cast<double>(shape[0]), static_cast<double>(shape[0])};
    const auto window = static_cast<double>(elements(std::span(shape).first(shape.size() - 2)));
    return {window * static_cast<double>(shape[shape.size() - 2]),
            window * static_cast<double>(shape.back())};
}

static Value scaled(Graph& graph, const Dims& shape, double scale, const std::string& mode,
                    const std::string& distribution) {
    // Standard deviation of a unit normal cut at two: the draw is widened by its inverse.
    constexpr double truncated_stddev = 0.87962566103423978;
    const Fans fan = fans(shape);
    const double n = mode == "fan_in"    ? fan.in
                     : mode == "fan_out" ? fan.out
                                         : (fan.in + fan.out) / 2;
    const double variance = scale / std::max(1.0, n);
    if (distribution == "uniform") {
        const double limit = std::sqrt(3 * variance);
        return random_uniform(graph, shape, -limit, limit, false);
    }
    if (distribution == "untruncated_normal")
        return random_normal(graph, shape, 0, std::sqrt(variance), false, false);
    return random_normal(graph, shape, 0, std::sqrt(variance) / truncated_stddev, true, false);
}

static Value variance_scaling(Graph& graph, const Config& config) {
    return scaled(graph, config.integers("_shape"), config.number("scale"), config.string("mode"),
                  config.string("distribution"));
}
/// Glorot and Bengio (2010).
static Value glorot_uniform(Graph& graph, const Config& config) {
    return scaled(graph, config.integers("_shape"), 1, "fan_avg", "uniform");
}
static Value glorot_normal(Graph& graph, const Config& config) {
    return scaled(graph, config.integers("_shape"), 1, "fan_avg", "truncated_normal");
}
/// He et al. (2015).
static Value he_uniform(Graph& graph, const Config& config) {
    return scaled(graph, config.integers("_shape"), 2, "fan_in", "uniform");
}
static Value he_normal(Graph& graph, const Config& config) {
    return scaled(graph, config.integers("_shape"), 2, "fan_in", "truncated_normal");
}
/// LeCun et al. (1998), "Efficient BackProp".
static Value lecun_uniform(Graph& graph, const Config& config) {
    return scaled(graph, config.integers("_shape"), 1, "fan_in", "uniform");
}
static Value lecun_normal(Graph& graph, const Config& config) {
    return scaled(graph, config.integers("_shape"), 1, "fan_in", "truncated_normal");
}

// Axes of the fans other than Keras's usual ones are refused.
static constexpr auto axes_keys =
    members(key("input_axes", only_null), key("output_axes", only_null));
static constexpr auto draw_schema = schema(draw_keys, axes_keys);
static constexpr auto scaling_schema =
    schema(draw_keys, axes_keys, key("scale", R"("type": "float", "above": 0, "default": 1)"),
           key("mode", R"("type": "string", "enum": ["fan_in", "fan_out", "fan_avg"],
                   "default": "fan_in")"),
           key("distribution", R"("type": "string", "default": "truncated_normal",
        "enum": ["normal", "truncated_normal", "untruncated_normal", "uniform"])"));

LAMINA_INITIALIZER(variance_scaling, scaling_schema.text, "variance scale / fan", variance_scaling)
LAMINA_INITIALIZER(glorot_uniform, draw_schema.text, "uniform, variance 2 / (fan_in + fan_out)",
                   glorot_uniform)
LAMINA_INITIALIZER(glorot_normal, draw_schema.text, "normal, variance 2 / (fan_in + fan_out)",
                   glorot_normal)
LAMINA_INITIALIZER(he_uniform, draw_schema.text, "uniform, variance 2 / fan_in", he_uniform)
LAMINA_INITIALIZER(he_normal, draw_schema.text, "normal, variance 2 / fan_in", he_normal)
LAMINA_INITIALIZER(lecun_uniform, draw_schema.text, "uniform, variance 1 / fan_in", lecun_uniform)
LAMINA_INITIALIZER(lecun_normal, draw_schema.text, "normal, variance 1 / fan_in", lecun_normal)

} // namespace lamina::plugin
