#include "support.hpp"

namespace lamina::plugin {

/// Tieleman and Hinton (2012): w -= lr * g / sqrt(a + epsilon), a the running mean of g^2;
/// centered: less the square of the running mean of g. epsilon_outside: sqrt(a) + epsilon, as Keras
/// 2 has it without momentum.
static Value rmsprop(Graph& graph, const Config& config, Value w, Value g, Value lr,
                     Value iterations) {
    lr = decayed_rate(config, lr, iterations);
    w = decayed(config, w, lr);
    const double rho = config.number("rho");
    Value spread = weighted_mean(graph, "velocity", square(g), rho);
    if (config.boolean("centered"))
        spread = spread - square(weighted_mean(graph, "average_gradient", g, rho));
    const double momentum = config.number("momentum");
    const double epsilon = config.number("epsilon");
    const bool inside = momentum != 0 || !config.boolean("epsilon_outside");
    const Value step = lr * g / (inside ? sqrt(spread + epsilon) : sqrt(spread) + epsilon);
    if (momentum == 0)
        return w - step;
    return w -
           updated(graph, "momentum", w.shape(), [&](Value old) { return momentum * old + step; });
}

static constexpr auto rmsprop_schema =
    schema(rate_keys("0.001"), weight_decay_key,
           key("rho", R"("type": "float", "min": 0, "max": 1, "default": 0.9)"), momentum_key,
           epsilon_key, key("epsilon_outside", R"("type": "bool", "default": false)"),
           key("centered", R"("type": "bool", "default": false)"));

LAMINA_OPTIMIZER(rmsprop, rmsprop_schema.text, "Gradients over the root of their mean square",
                 rmsprop)

} // namespace lamina::plugin
