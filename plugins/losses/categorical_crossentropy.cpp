/// Cross-entropy between classes: one-hot labels, or class indices ("sparse").
///
/// On a softmax's logits -sum y log_softmax(x) is exact where the probability itself would round to
/// 0 or 1, so it is taken whenever the model ends in a softmax.
#include "support.hpp"

namespace lamina::plugin {

/// y_true, y_pred: [N, ..., C]. On probabilities Keras divides by the row's sum and clips.
static Value crossentropy(Graph& graph, const Config& config, Value y_true, Value y_pred) {
    if (const Value logits = logits_of(graph, config, y_pred, "softmax"))
        return mean_per_sample(softmax_cross_entropy(logits, y_true));
    const Value p =
        clip(y_pred / reduce_sum(y_pred, {y_pred.rank() - 1}, true), epsilon, 1 - epsilon);
    return mean_per_sample(-reduce_sum(y_true * log(p), {y_pred.rank() - 1}));
}

/// Smoothing takes that share of the label and spreads it over the classes.
static Value categorical_crossentropy(Graph& graph, const Config& config, Value y_true,
                                      Value y_pred) {
    y_true = like(y_true, y_pred);
    const double smoothing = config.number("label_smoothing");
    if (smoothing != 0)
        y_true = y_true * (1 - smoothing) + smoothing / static_cast<double>(y_pred.dim(-1));
    return crossentropy(graph, config, y_true, y_pred);
}

/// y_true: i64 [N, ...], also as [N, ..., 1]. On probabilities Keras clips, then divides by the
/// sum.
static Value sparse_categorical_crossentropy(Graph& graph, const Config& config, Value y_true,
                                             Value y_pred) {
    Dims rows = y_pred.shape();
    rows.pop_back();
    if (y_true.rank() == y_pred.rank() && y_true.dim(-1) == 1)
        y_true = reshape(y_true, rows);
    if (y_true.shape() != rows)
        invalid("labels " + to_string(y_true.shape()) + " are no class indices for the output " +
                to_string(y_pred.shape()));
    const Value labels = one_hot(cast(y_true, LM_I64), y_pred.dim(-1));
    Value logits = logits_of(graph, config, y_pred, "softmax");
    if (!logits)
        logits = log(clip(y_pred, epsilon, 1 - epsilon));
    return mean_per_sample(softmax_cross_entropy(logits, labels));
}

static constexpr auto categorical_schema =
    schema(reduction_key, axis_key, from_logits_key, label_smoothing_key);
static constexpr auto sparse_schema =
    schema(reduction_key, axis_key, from_logits_key, key("ignore_class", only_null));

LAMINA_LOSS(categorical_crossentropy, categorical_schema.text, "-sum y log(p), y one-hot",
            categorical_crossentropy)
LAMINA_LOSS(sparse_categorical_crossentropy, sparse_schema.text, "-log(p[y]), y the class's index",
            sparse_categorical_crossentropy)

} // namespace lamina::plugin
