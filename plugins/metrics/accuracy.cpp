/// The share of samples that are right, one value (0 or 1, or a mean) a sample.
#include "support.hpp"

namespace lamina::plugin {

static Value hits(Value a, Value b) { return mean_per_sample(cast(equal(a, b), LM_F32)); }

/// y_true, y_pred: [N, ..., C].
static Value categorical_accuracy(Graph&, const Config&, Value y_true, Value y_pred) {
    return hits(argmax(y_true, -1), argmax(y_pred, -1));
}
/// y_true: class indices.
static Value sparse_categorical_accuracy(Graph&, const Config&, Value y_true, Value y_pred) {
    const Value predicted = argmax(y_pred, -1);
    return hits(class_indices(y_true, predicted), predicted);
}
/// y_true: 0 or 1, shaped as y_pred.
static Value binary_accuracy(Graph&, const Config& config, Value y_true, Value y_pred) {
    const Value predicted = cast(greater(y_pred, config.number("threshold")), LM_F32);
    return hits(reshape(cast(y_true, LM_F32), y_pred.shape()), predicted);
}

LAMINA_METRIC(categorical_accuracy, "{}", "argmax(y) == argmax(p)", categorical_accuracy)
LAMINA_METRIC(sparse_categorical_accuracy, "{}", "y == argmax(p)", sparse_categorical_accuracy)
LAMINA_METRIC(binary_accuracy, R"({"threshold": {"type": "float", "default": 0.5}})",
              "y == (p > threshold)", binary_accuracy)

} // namespace lamina::plugin
