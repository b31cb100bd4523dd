#include "support.hpp"

namespace lamina::plugin {

/// Dozat (2016): Adam with Nesterov's look ahead. The momentum u of step t grows with t; its
/// product over the steps so far, u_product, corrects the running mean. schedule_decay: how fast it
/// grows; tf.keras before 2.11 has 0.004 there.
static Value nadam(Graph& graph, const Config& config, Value w, Value g, Value lr,
                   Value iterations) {
    lr = decayed_rate(config, lr, iterations);
    w = decayed(config, w, lr);
    const double beta_1 = config.number("beta_1");
    const double beta_2 = config.number("beta_2");
    const Value t = iterations + 1.0;
    const double growth = std::pow(0.96, config.number("schedule_decay"));
    const auto momentum_at = [&](Value step) { return beta_1 * (1.0 - 0.5 * power(growth, step)); };
    const Value u = momentum_at(t);
    const Value u_next = momentum_at(iterations + 2.0);
    const Value u_product = updated(
        graph, "u_product", {}, [&](Value old) { return old * u; }, "\"ones\"");

    const Value m = moving_mean(graph, "momentum", g, beta_1);
    const Value v = moving_mean(graph, "velocity", square(g), beta_2);
    const Value m_hat = u_next * m / (1.0 - u_product * u_next) + (1.0 - u) * g / (1.0 - u_product);
    const Value v_hat = v / one_minus_power(beta_2, t);
    return w - m_hat * lr / (sqrt(v_hat) + config.number("epsilon"));
}

static constexpr auto nadam_schema =
    schema(rate_keys("0.001"), weight_decay_key, beta_keys, epsilon_key,
           key("schedule_decay", R"("type": "float", "min": 0, "default": 1)"));

LAMINA_OPTIMIZER(nadam, nadam_schema.text, "Adam with Nesterov's look ahead", nadam)

} // namespace lamina::plugin
