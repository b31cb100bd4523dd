#include "support.hpp"

namespace lamina::plugin {

/// v = momentum * v - lr * g; w += v. Nesterov: w += momentum * v - lr * g with the new v.
/// decay (Keras before 2.11): lr / (1 + decay * iterations).
static Value sgd(Graph& graph, const Config& config, Value w, Value g, Value lr, Value iterations) {
    w = decayed(config, w, lr);
    if (const double decay = config.number("decay"); decay != 0)
        lr = lr / (1.0 + decay * iterations);
    const double momentum = config.number("momentum");
    if (momentum == 0)
        return w - g * lr;
    const Value v =
        updated(graph, "momentum", w.shape(), [&](Value old) { return old * momentum - g * lr; });
    return config.boolean("nesterov") ? w + (v * momentum - g * lr) : w + v;
}

static constexpr auto sgd_schema =
    schema(learning_rate_key("0.01"), weight_decay_key, momentum_key,
           key("nesterov", R"("type": "bool", "default": false)"),
           key("decay", R"("type": "float", "min": 0, "default": 0)"));

LAMINA_OPTIMIZER(sgd, sgd_schema.text, "Gradient descent with momentum", sgd)

} // namespace lamina::plugin
