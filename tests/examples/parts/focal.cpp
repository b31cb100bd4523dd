// Lin et al. (2017): the cross-entropy, less of it where the model is sure already.
#include "lamina/plugin/graph_function.hpp"

using namespace lamina::plugin;

/// y_true: [N, C], one-hot; y_pred: [N, C], probabilities; -(1 - p)^gamma ln(p) of the right class.
static Value focal(Graph&, const Config& config, Value y_true, Value y_pred) {
    const Value p = maximum(reduce_sum(y_true * y_pred, {y_pred.rank() - 1}), 1e-7);
    return -(pow(1.0 - p, config.number("gamma")) * log(p));
}

LAMINA_LOSS(focal, R"({"gamma": {"type": "float", "min": 0, "default": 2}})",
            "-(1 - p)^gamma ln(p)", focal)
