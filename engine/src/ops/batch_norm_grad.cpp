// batch_norm_grad{epsilon, axis}(x, gamma, mean, variance, dy) -> (dx, dgamma, dbeta): the gradient
// of batch_norm_training, with the statistics that it gave.
//
//     dbeta = sum of dy    dgamma = sum of dy * xhat
//     dx = gamma * r * (dy - dbeta / n - xhat * dgamma / n)
#include "ops/batch_norm_rules.hpp"

namespace lamina::plugin {
namespace {

struct BatchNormGrad {
    static constexpr auto schema = LAMINA_BATCH_NORM_SCHEMA;

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 5);
        const TensorType x = node.input(0).type();
        const TensorType vector = expect_channels(node, 3);
        expect_shape(node, 4, "dy", x.dims);
        expect_dtype(node, 4, x.dtype);
        return {x, vector, vector};
    }

    static Values decompose(Graph&, const Node& node, const Values& in) {
        const Value x = widened(in[0], in[1]), dy = widened(in[4], in[1]);
        const Dims axes = other_axes(node, x);
        const auto along = [&](Value vector) { return along_channels(node, vector, x); };
        const Value r = inverse_deviation(node, in[3]);
        const Value xhat = (x - along(in[2])) * along(r);
        const Value dbeta = reduce_sum(dy, axes);
        const Value dgamma = reduce_sum(dy * xhat, axes);
        const double per_element = 1.0 / count_per_channel(node, x);
        const Value centred = dy - along(dbeta * per_element) - xhat * along(dgamma * per_element);
        return {cast(along(in[1] * r) * centred, in[0].dtype()), dgamma, dbeta};
    }

    static Cost cost(const Node& node) { return batch_norm_cost(node, 11); }
};

LAMINA_OPERATOR(batch_norm_grad, BatchNormGrad)

} // namespace
} // namespace lamina::plugin
