#include "support.hpp"

namespace lamina::plugin {

/// -(y log(p) + (1 - y) log(1 - p)), the mean over all outputs. On logits z it is
/// max(z, 0) - z y + log(1 + exp(-|z|)), exact where p itself would round to 0 or 1, so that form
/// is taken whenever the model ends in a sigmoid. Smoothing moves the labels towards one half.
static Value binary_crossentropy(Graph& graph, const Config& config, Value y_true, Value y_pred) {
    y_true = like(y_true, y_pred);
    if (const double smoothing = config.number("label_smoothing"); smoothing != 0)
        y_true = y_true * (1 - smoothing) + 0.5 * smoothing;
    if (const Value z = logits_of(graph, config, y_pred, "sigmoid")) {
        // Selects, not relu and abs: at z = 0, where training may start, the gradient is 1/2 - y.
        const Value positive = greater_equal(z, 0.0);
        return mean_per_sample(select(positive, z, graph.constant(0.0f)) - z * y_true +
                               softplus(select(positive, -z, z)));
    }
    const Value p = clip(y_pred, epsilon, 1 - epsilon);
    return mean_per_sample(-(y_true * log(p) + (1.0 - y_true) * log(1.0 - p)));
}

static constexpr auto binary_schema =
    schema(reduction_key, axis_key, from_logits_key, label_smoothing_key);

LAMINA_LOSS(binary_crossentropy, binary_schema.text, "-(y log(p) + (1 - y) log(1 - p))",
            binary_crossentropy)

} // namespace lamina::plugin
