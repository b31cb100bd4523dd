// batch_norm_inference{epsilon, axis}(x, gamma, beta, mean, variance) -> y: normalises each channel
// by given statistics: y = gamma * xhat + beta.
//
// A frozen layer trains through it: dx = dy * gamma * r, dbeta = sum of dy,
// dgamma = sum of dy * xhat, dmean = -gamma * r * dbeta, dvariance = -gamma * r^2 / 2 * dgamma.
#include "ops/batch_norm_rules.hpp"

namespace lamina::plugin {
namespace {

struct BatchNormInference {
    static constexpr auto schema = LAMINA_BATCH_NORM_SCHEMA;

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 5);
        expect_channels(node, 4);
        return {node.input(0).type()};
    }

    static void gradient(const GradientContext& g) {
        const Value x = widened(g.x(0), g.x(1)), dy = widened(g.dy(), g.x(1));
        const Dims axes = other_axes(g.node, x);
        const auto along = [&](Value vector) { return along_channels(g.node, vector, x); };
        const Value r = inverse_deviation(g.node, g.x(4));
        const Value scale = g.x(1) * r;
        const Value dbeta = reduce_sum(dy, axes);
        const Value dgamma = reduce_sum(dy * (x - along(g.x(3))) * along(r), axes);
        g.set_dx(0, cast(dy * along(scale), g.x(0).dtype()));
        g.set_dx(1, dgamma);
        g.set_dx(2, dbeta);
        g.set_dx(3, -(scale * dbeta));
        g.set_dx(4, scale * r * dgamma * -0.5);
    }

    static Values decompose(Graph&, const Node& node, const Values& in) {
        const auto along = [&](Value vector) { return along_channels(node, vector, in[0]); };
        const Value scale = in[1] * inverse_deviation(node, in[4]);
        const Value y = (widened(in[0], in[1]) - along(in[3])) * along(scale) + along(in[2]);
        return {cast(y, in[0].dtype())};
    }

    static Cost cost(const Node& node) { return batch_norm_cost(node, 3); }
};

LAMINA_OPERATOR(batch_norm_inference, BatchNormInference)

} // namespace
} // namespace lamina::plugin
