#include "support.hpp"

namespace lamina::plugin {

/// [C, C] counts over the batch: a row is the true class, a column the predicted one. y_true: class
/// indices, or one-hot.
static Value confusion_matrix(Graph&, const Config&, Value y_true, Value y_pred) {
    const int64_t classes = y_pred.dim(-1);
    const int64_t rows = elements(y_pred.shape()) / classes;
    const Value predicted = argmax(y_pred, -1);
    const Value actual =
        y_true.shape() == y_pred.shape() && classes > 1 ? argmax(y_true, -1) : y_true;
    const auto one_hot_rows = [&](Value labels) {
        return reshape(one_hot(class_indices(labels, predicted), classes), {rows, classes});
    };
    return matmul(one_hot_rows(actual), one_hot_rows(predicted), true, false);
}

LAMINA_METRIC(confusion_matrix, "{}", "counts by true and predicted class", confusion_matrix)

} // namespace lamina::plugin
