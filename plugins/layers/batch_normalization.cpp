#include "lamina/plugin/layer.hpp"
#include "lamina/plugin/nn.hpp"

namespace lamina::plugin {

/// The axis of the features. tf.keras 2 writes it as a list of one.
static int64_t feature_axis(const Config& config, Value x) {
    return normalize_axis(config.integers("axis", 1)[0], x);
}

/// moving = moving * momentum + batch * (1 - momentum).
static void update(Graph& graph, Value moving, Value batch, double momentum) {
    graph.assign(moving, moving * momentum + batch * (1 - momentum));
}

/// Ioffe and Szegedy (2015): gamma * (x - mean) / sqrt(variance + epsilon) + beta, over all axes
/// but one. In training of the batch, whose biased variance also moves moving_variance (as in Keras
/// 3); else of the moving statistics.
static Value batch_normalization(Graph& graph, const Config& config, Value x) {
    const int64_t axis = feature_axis(config, x);
    const Dims shape{x.dim(axis)};
    const double epsilon = config.number("epsilon");
    const Value gamma =
        config.boolean("scale") ? weight(graph, config, "gamma", shape) : graph.full(shape, 1.0f);
    const Value beta =
        config.boolean("center") ? weight(graph, config, "beta", shape) : graph.zeros(shape);
    const Value moving_mean =
        graph.state("moving_mean", shape, config.json("moving_mean_initializer"));
    const Value moving_variance =
        graph.state("moving_variance", shape, config.json("moving_variance_initializer"));
    if (!graph.training())
        return batch_norm_inference(x, gamma, beta, moving_mean, moving_variance, epsilon, axis);

    const BatchNorm batch = batch_norm_training(x, gamma, beta, epsilon, axis);
    const double momentum = config.number("momentum");
    update(graph, moving_mean, batch.mean, momentum);
    update(graph, moving_variance, batch.variance, momentum);
    return batch.y;
}

// One device's batch is the whole batch, so `synchronized` changes nothing. Batch renormalisation
// is refused.
static constexpr auto batch_normalization_schema =
    schema(key("axis", R"("type": "ints", "default": -1)"),
           key("momentum", R"("type": "float", "min": 0, "max": 1, "default": 0.99)"),
           key("epsilon", R"("type": "float", "min": 0, "default": 0.001)"),
           key("center", R"("type": "bool", "default": true)"),
           key("scale", R"("type": "bool", "default": true)"), weight_keys("gamma", "ones"),
           weight_keys("beta", "zeros"), initializer_key("moving_mean", "zeros"),
           initializer_key("moving_variance", "ones"),
           key("synchronized", R"("type": "bool", "default": false)"),
           key("renorm", R"("type": "bool", "enum": [false], "default": false)"),
           key("renorm_clipping", R"("type": "any", "nullable": true, "default": null)"),
           key("renorm_momentum", R"("type": "float", "default": 0.99)"));

LAMINA_LAYER(BatchNormalization, batch_normalization_schema.text,
             "Mean 0 and variance 1 over the batch, then scale and shift", batch_normalization)

} // namespace lamina::plugin
