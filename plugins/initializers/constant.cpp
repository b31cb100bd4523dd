/// The initializers that draw nothing.
#include "shape.hpp"

namespace lamina::plugin {

static Value zeros(Graph& graph, const Config& config) {
    return graph.zeros(config.integers("_shape"));
}
static Value ones(Graph& graph, const Config& config) {
    return graph.full(config.integers("_shape"), 1.0f);
}
static Value constant(Graph& graph, const Config& config) {
    return graph.full(config.integers("_shape"), static_cast<float>(config.number("value")));
}

/// gain on the diagonal of a matrix.
static Value identity(Graph& graph, const Config& config) {
    const Dims shape = config.integers("_shape");
    if (shape.size() != 2)
        invalid("identity fills matrices, not a weight of shape " + to_string(shape));
    std::vector<float> data(static_cast<size_t>(elements(shape)));
    for (int64_t i = 0; i < std::min(shape[0], shape[1]); ++i)
        data[static_cast<size_t>(i * shape[1] + i)] = static_cast<float>(config.number("gain"));
    return graph.constant(shape, std::span<const float>(data));
}

static constexpr auto shape_schema = schema(shape_key);
static constexpr auto value_schema =
    schema(shape_key, key("value", R"("type": "float", "default": 0)"));
static constexpr auto gain_schema =
    schema(shape_key, key("gain", R"("type": "float", "default": 1)"));

LAMINA_INITIALIZER(zeros, shape_schema.text, "0", zeros)
LAMINA_INITIALIZER(ones, shape_schema.text, "1", ones)
LAMINA_INITIALIZER(constant, value_schema.text, "value", constant)
LAMINA_INITIALIZER(identity, gain_schema.text, "gain on the diagonal", identity)

} // namespace lamina::plugin
