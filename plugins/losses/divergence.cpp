/// Losses between distributions.
#include "support.hpp"

namespace lamina::plugin {

/// Kullback and Leibler (1951): sum y log(y / p) over the last axis.
static Value kl_divergence(Graph&, const Config&, Value y_true, Value y_pred) {
    y_true = clip(like(y_true, y_pred), epsilon, 1);
    y_pred = clip(y_pred, epsilon, 1);
    return mean_per_sample(reduce_sum(y_true * log(y_true / y_pred), {y_pred.rank() - 1}));
}
/// The Poisson distribution's negative log likelihood, without its constant.
static Value poisson(Graph&, const Config&, Value y_true, Value y_pred) {
    return mean_per_sample(y_pred - like(y_true, y_pred) * log(y_pred + epsilon));
}

LAMINA_LOSS(kl_divergence, plain_schema.text, "sum y log(y / p)", kl_divergence)
LAMINA_LOSS(kullback_leibler_divergence, plain_schema.text, "sum y log(y / p)", kl_divergence)
LAMINA_LOSS(poisson, plain_schema.text, "p - y log(p)", poisson)

} // namespace lamina::plugin
