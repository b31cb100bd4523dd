/// Adam (Kingma and Ba, 2015) and AdamW.
#include "support.hpp"

namespace lamina::plugin {

/// w -= lr * sqrt(1 - beta_2^t) / (1 - beta_1^t) * m / (sqrt(v) + epsilon), t from 1. amsgrad
/// (Reddi et al., 2018) takes the largest v so far.
static Value adam(Graph& graph, const Config& config, Value w, Value g, Value lr,
                  Value iterations) {
    const double beta_1 = config.number("beta_1");
    const double beta_2 = config.number("beta_2");
    const Value t = iterations + 1.0;
    lr = decayed_rate(config, lr, iterations);
    const Value alpha = lr * sqrt(one_minus_power(beta_2, t)) / one_minus_power(beta_1, t);

    w = decayed(config, w, lr);
    const Value m = moving_mean(graph, "momentum", g, beta_1);
    Value v = moving_mean(graph, "velocity", square(g), beta_2);
    if (config.boolean("amsgrad"))
        v = updated(graph, "velocity_hat", g.shape(), [&](Value old) { return maximum(old, v); });
    return w - m * alpha / (sqrt(v) + config.number("epsilon"));
}

static constexpr auto amsgrad_key = key("amsgrad", R"("type": "bool", "default": false)");
static constexpr auto adam_schema =
    schema(rate_keys("0.001"), weight_decay_key, beta_keys, epsilon_key, amsgrad_key);
static constexpr auto adamw_schema = schema(
    rate_keys("0.001"), key("weight_decay", R"("type": "float", "min": 0, "default": 0.004)"),
    beta_keys, epsilon_key, amsgrad_key);

LAMINA_OPTIMIZER(adam, adam_schema.text, "Running means of gradient and square, both corrected",
                 adam)
LAMINA_OPTIMIZER(adamw, adamw_schema.text, "Adam with weight decay", adam)

} // namespace lamina::plugin
