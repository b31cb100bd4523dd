#include "support.hpp"

namespace lamina::plugin {

/// Kingma and Ba (2015), section 7: Adam with the largest |g|, decaying, for the mean square.
static Value adamax(Graph& graph, const Config& config, Value w, Value g, Value lr,
                    Value iterations) {
    lr = decayed_rate(config, lr, iterations);
    w = decayed(config, w, lr);
    const double beta_1 = config.number("beta_1");
    const double beta_2 = config.number("beta_2");
    const Value m = moving_mean(graph, "momentum", g, beta_1);
    const Value u =
        updated(graph, "norm", w.shape(), [&](Value old) { return maximum(beta_2 * old, abs(g)); });
    const Value correction = one_minus_power(beta_1, iterations + 1.0);
    return w - lr * m / (correction * (u + config.number("epsilon")));
}

static constexpr auto adamax_schema =
    schema(rate_keys("0.001"), weight_decay_key, beta_keys, epsilon_key);

LAMINA_OPTIMIZER(adamax, adamax_schema.text, "Adam with the largest gradient for the mean square",
                 adamax)

} // namespace lamina::plugin
