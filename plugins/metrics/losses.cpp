/// Losses as metrics: the same values, under the same names.
#include "support.hpp"

namespace lamina::plugin {

static Value mean_squared_error(Graph& graph, const Config&, Value y_true, Value y_pred) {
    const Value in[] = {y_true, y_pred};
    return graph.apply("loss", "mean_squared_error", "{}", in).at(0);
}
static Value mean_absolute_error(Graph& graph, const Config&, Value y_true, Value y_pred) {
    const Value in[] = {y_true, y_pred};
    return graph.apply("loss", "mean_absolute_error", "{}", in).at(0);
}

LAMINA_METRIC(mean_squared_error, "{}", "(y - p)^2", mean_squared_error)
LAMINA_METRIC(mse, "{}", "(y - p)^2", mean_squared_error)
LAMINA_METRIC(mean_absolute_error, "{}", "|y - p|", mean_absolute_error)
LAMINA_METRIC(mae, "{}", "|y - p|", mean_absolute_error)

} // namespace lamina::plugin
