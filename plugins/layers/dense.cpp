#include "lamina/plugin/layer.hpp"

namespace lamina::plugin {

/// x: [N, ..., C]; kernel: [C, units]; bias: [units].
static Value dense(Graph& graph, const Config& config, Value x) {
    if (x.rank() < 2)
        invalid("expected input [N, ..., C], got " + to_string(x.shape()));
    const int64_t units = config.integer("units");
    Value y = matmul(x, weight(graph, config, "kernel", {x.dim(-1), units}));
    if (config.boolean("use_bias"))
        y = y + weight(graph, config, "bias", {units});
    return regularize_activity(graph, config, activate(graph, config, "activation", y));
}

static constexpr auto dense_schema =
    schema(key("units", R"("type": "int", "required": true, "min": 1)"), activation_key,
           use_bias_key, weight_keys("kernel", "glorot_uniform"), weight_keys("bias", "zeros"),
           regularizer_key("activity"), key("quantization_config", only_null));

LAMINA_LAYER(Dense, dense_schema.text, "activation(x . kernel + bias)", dense)

} // namespace lamina::plugin
