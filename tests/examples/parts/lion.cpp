// Chen et al. (2023), "Symbolic Discovery of Optimization Algorithms": the sign of an average.
#include "lamina/plugin/graph_function.hpp"

using namespace lamina::plugin;

/// w -= lr * (sign(beta_1 m + (1 - beta_1) g) + weight_decay w); m = beta_2 m + (1 - beta_2) g.
static Value lion(Graph& graph, const Config& config, Value w, Value g, Value lr, Value) {
    const double beta_1 = config.number("beta_1"), beta_2 = config.number("beta_2");
    const Value m = graph.state("momentum", w.shape());
    Value step = sign(beta_1 * m + (1 - beta_1) * g);
    if (const double decay = config.number("weight_decay"); decay != 0)
        step = step + decay * w;
    graph.assign(m, beta_2 * m + (1 - beta_2) * g);
    return w - lr * step;
}

LAMINA_OPTIMIZER(lion, R"({"learning_rate": {"type": "float", "min": 0, "default": 0.0003},
                           "beta_1": {"type": "float", "min": 0, "below": 1, "default": 0.9},
                           "beta_2": {"type": "float", "min": 0, "below": 1, "default": 0.99},
                           "weight_decay": {"type": "float", "min": 0, "default": 0}})",
                 "The sign of an average of gradients", lion)

LAMINA_PLUGIN("acme_parts", "1.0.0")
