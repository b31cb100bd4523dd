#include "lamina/plugin/graph_function.hpp"

namespace lamina::plugin {

/// Losses look for a softmax over the last axis to work on its logits; the copy hides any other.
static Value over_axis(const Config& config, Value x, Value (*function)(Value, int64_t)) {
    if (x.rank() < 2)
        invalid("expected input [N, ..., C], got " + to_string(x.shape()));
    const int64_t axis = config.integer("axis");
    const bool last = axis == -1 || axis == x.rank() - 1;
    return last ? function(x, -1) : copy(function(x, axis));
}

static Value softmax_activation(Graph&, const Config& config, Value x) {
    return over_axis(config, x, softmax);
}
static Value log_softmax_activation(Graph&, const Config& config, Value x) {
    return over_axis(config, x, log_softmax);
}

LAMINA_ACTIVATION(softmax, R"({"axis": {"type": "int", "default": -1}})",
                  "exp(x) / sum(exp(x)) along the axis", softmax_activation)
LAMINA_ACTIVATION(log_softmax, R"({"axis": {"type": "int", "default": -1}})",
                  "log(softmax(x)) along the axis", log_softmax_activation)

} // namespace lamina::plugin
