#include "support.hpp"

namespace lamina::plugin {

/// Zeiler (2012): steps d = -rms(running steps) / rms(running gradients) * g; w += lr * d.
static Value adadelta(Graph& graph, const Config& config, Value w, Value g, Value lr,
                      Value iterations) {
    lr = decayed_rate(config, lr, iterations);
    w = decayed(config, w, lr);
    const double rho = config.number("rho");
    const auto rms = [&](Value mean_square) {
        return sqrt(mean_square + config.number("epsilon"));
    };
    const Value gradients = weighted_mean(graph, "accumulated_grad", square(g), rho);
    const Value steps = graph.state("accumulated_delta_var", w.shape());
    const Value step = -(rms(steps) * g / rms(gradients));
    graph.assign(steps, rho * steps + (1 - rho) * square(step));
    return w + lr * step;
}

static constexpr auto adadelta_schema =
    schema(rate_keys("0.001"), weight_decay_key,
           key("rho", R"("type": "float", "min": 0, "max": 1, "default": 0.95)"), epsilon_key);

LAMINA_OPTIMIZER(adadelta, adadelta_schema.text, "Steps scaled by the steps before", adadelta)

} // namespace lamina::plugin
