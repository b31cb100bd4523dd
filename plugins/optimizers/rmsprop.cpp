#include "support.hpp"

namespace lamina::plugin {

/// Tieleman and Hinton (2012): w -= lr * g / sqrt(a + epsilon), a the running mean of g^2;
/// centered: less the square of the running mean of g.
static Value rmsprop(Graph& graph, const Config& config, Value w, Value g, Value lr, Value) {
    w = decayed(config, w, lr);
    const double rho = config.number("rho");
    Value spread = weighted_mean(graph, "velocity", square(g), rho);
    if (config.boolean("centered"))
        spread = spread - square(weighted_mean(graph, "average_gradient", g, rho));
    const Value step = lr * g / sqrt(spread + config.number("epsilon"));
    const double momentum = config.number("momentum");
    if (momentum == 0)
        return w - step;
    return w -
           updated(graph, "momentum", w.shape(), [&](Value old) { return momentum * old + step; });
}

static constexpr auto rmsprop_schema =
    schema(learning_rate_key("0.001"), weight_decay_key,
           key("rho", R"("type": "float", "min": 0, "max": 1, "default": 0.9)"), momentum_key,
           epsilon_key, key("centered", R"("type": "bool", "default": false)"));

LAMINA_OPTIMIZER(rmsprop, rmsprop_schema.text, "Gradients over the root of their mean square",
                 rmsprop)

} // namespace lamina::plugin
