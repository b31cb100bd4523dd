/// Margins: labels are -1 and 1.
#include "support.hpp"

namespace lamina::plugin {

/// Labels of 0 and 1 count as -1 and 1, if the batch holds no others. (Keras does so too.)
static Value signed_labels(Value y_true) {
    const Value binary = logical_or(equal(y_true, 0.0), equal(y_true, 1.0));
    const Value all = reduce_min(cast(binary, LM_F32), all_axes(y_true));
    return select(broadcast_to(greater(all, 0.5), y_true.shape()), 2.0 * y_true - 1.0, y_true);
}
static Value margin(Value y_true, Value y_pred) {
    return relu(1.0 - signed_labels(like(y_true, y_pred)) * y_pred);
}

static Value hinge(Graph&, const Config&, Value y_true, Value y_pred) {
    return mean_per_sample(margin(y_true, y_pred));
}
static Value squared_hinge(Graph&, const Config&, Value y_true, Value y_pred) {
    return mean_per_sample(square(margin(y_true, y_pred)));
}
/// The best wrong class against the right one; y_true one-hot.
static Value categorical_hinge(Graph&, const Config&, Value y_true, Value y_pred) {
    y_true = like(y_true, y_pred);
    const Dims last{y_pred.rank() - 1};
    const Value right = reduce_sum(y_true * y_pred, last);
    const Value wrong = reduce_max((1.0 - y_true) * y_pred, last);
    return mean_per_sample(relu(wrong - right + 1.0));
}

LAMINA_LOSS(hinge, plain_schema.text, "max(0, 1 - y p), y -1 or 1", hinge)
LAMINA_LOSS(squared_hinge, plain_schema.text, "max(0, 1 - y p)^2, y -1 or 1", squared_hinge)
LAMINA_LOSS(categorical_hinge, plain_schema.text, "max(0, 1 + wrong - right), y one-hot",
            categorical_hinge)

} // namespace lamina::plugin
