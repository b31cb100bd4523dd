/// Losses of a difference, the mean over the axes behind the batch.
#include <numbers>

#include "support.hpp"

namespace lamina::plugin {

static Value mean_squared_error(Graph&, const Config&, Value y_true, Value y_pred) {
    return mean_per_sample(square(y_pred - like(y_true, y_pred)));
}
static Value mean_absolute_error(Graph&, const Config&, Value y_true, Value y_pred) {
    return mean_per_sample(abs(y_pred - like(y_true, y_pred)));
}
static Value mean_absolute_percentage_error(Graph&, const Config&, Value y_true, Value y_pred) {
    y_true = like(y_true, y_pred);
    return 100.0 * mean_per_sample(abs((y_true - y_pred) / maximum(abs(y_true), epsilon)));
}
static Value mean_squared_logarithmic_error(Graph&, const Config&, Value y_true, Value y_pred) {
    const auto log1 = [](Value x) { return log(maximum(x, epsilon) + 1.0); };
    return mean_per_sample(square(log1(y_pred) - log1(like(y_true, y_pred))));
}
/// Huber (1964): square near 0, straight from delta on.
static Value huber(Graph&, const Config& config, Value y_true, Value y_pred) {
    const double delta = config.number("delta");
    const Value error = y_pred - like(y_true, y_pred);
    return mean_per_sample(select(less_equal(abs(error), delta), 0.5 * square(error),
                                  delta * abs(error) - 0.5 * delta * delta));
}
/// log(cosh(e)) = e + log(1 + exp(-2 e)) - log(2), which does not overflow.
static Value log_cosh(Graph&, const Config&, Value y_true, Value y_pred) {
    const Value error = y_pred - like(y_true, y_pred);
    return mean_per_sample(error + softplus(error * -2.0) - std::numbers::ln2);
}

LAMINA_LOSS(mean_squared_error, plain_schema.text, "(y - p)^2", mean_squared_error)
LAMINA_LOSS(mse, plain_schema.text, "(y - p)^2", mean_squared_error)
LAMINA_LOSS(mean_absolute_error, plain_schema.text, "|y - p|", mean_absolute_error)
LAMINA_LOSS(mae, plain_schema.text, "|y - p|", mean_absolute_error)
LAMINA_LOSS(mean_absolute_percentage_error, plain_schema.text, "100 |y - p| / |y|",
            mean_absolute_percentage_error)
LAMINA_LOSS(mape, plain_schema.text, "100 |y - p| / |y|", mean_absolute_percentage_error)
LAMINA_LOSS(mean_squared_logarithmic_error, plain_schema.text, "(log(y + 1) - log(p + 1))^2",
            mean_squared_logarithmic_error)
LAMINA_LOSS(msle, plain_schema.text, "(log(y + 1) - log(p + 1))^2", mean_squared_logarithmic_error)
static constexpr auto huber_schema =
    schema(reduction_key, key("delta", R"("type": "float", "above": 0, "default": 1)"));
LAMINA_LOSS(huber, huber_schema.text, "square near 0, straight from delta on", huber)
LAMINA_LOSS(log_cosh, plain_schema.text, "log(cosh(p - y))", log_cosh)

} // namespace lamina::plugin
