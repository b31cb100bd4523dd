#include "support.hpp"

namespace lamina::plugin {

/// v = momentum * v - lr * g; w += v. Nesterov: w += momentum * v - lr * g with the new v.
static Value sgd(Graph& graph, const Config& config, Value w, Value g, Value lr, Value iterations) {
    lr = decayed_rate(config, lr, iterations);
    w = decayed(config, w, lr);
    const double momentum = config.number("momentum");
    if (momentum == 0)
        return w - g * lr;
    const Value v =
        updated(graph, "momentum", w.shape(), [&](Value old) { return old * momentum - g * lr; });
    return config.boolean("nesterov") ? w + (v * momentum - g * lr) : w + v;
}

static constexpr auto sgd_schema = schema(rate_keys("0.01"), weight_decay_key, momentum_key,
                                          key("nesterov", R"("type": "bool", "default": false)"));

LAMINA_OPTIMIZER(sgd, sgd_schema.text, "Gradient descent with momentum", sgd)

} // namespace lamina::plugin
