// batch_norm_training{epsilon, axis}(x, gamma, beta) -> (y, mean, variance): normalises each
// channel by the batch's own statistics (Ioffe and Szegedy, 2015).
//
//     mean = sum of x / n    variance = sum of (x - mean)^2 / n (biased)    y = gamma * xhat + beta
//
// gamma, beta, mean, variance: [C]. Gradients that arrive at mean and variance are carried too.
#include "ops/batch_norm_rules.hpp"

namespace lamina::plugin {
namespace {

struct BatchNormTraining {
    static constexpr auto schema = LAMINA_BATCH_NORM_SCHEMA;

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 3);
        const TensorType x = node.input(0).type();
        const TensorType vector = expect_channels(node, 2);
        return {x, vector, vector};
    }

    static void gradient(const GradientContext& g) {
        const Node& node = g.node;
        const Value x = g.x(0), mean = g.y(1);
        Value dx;
        const auto add_to_dx = [&](Value more) { dx = dx ? dx + more : more; };
        if (g.dy(0)) {
            const Values inputs{x, g.x(1), mean, g.y(2), g.dy(0)};
            const Values grads = g.graph().nodes(
                "batch_norm_grad", inputs,
                {{"epsilon", node.number("epsilon")}, {"axis", node.integer("axis")}});
            add_to_dx(grads[0]);
            g.set_dx(1, grads[1]);
            g.set_dx(2, grads[2]);
        }
        const double n = count_per_channel(node, x);
        if (g.dy(1))
            add_to_dx(cast(broadcast_to(along_channels(node, g.dy(1) * (1.0 / n), x), x.shape()),
                           x.dtype()));
        if (g.dy(2))
            add_to_dx(cast((widened(x, mean) - along_channels(node, mean, x)) *
                               along_channels(node, g.dy(2) * (2.0 / n), x),
                           x.dtype()));
        g.set_dx(0, dx);
    }

    static Values decompose(Graph&, const Node& node, const Values& in) {
        const Value x = widened(in[0], in[1]);
        const Value mean = reduce_mean(x, other_axes(node, x));
        const Value centred = x - along_channels(node, mean, x);
        const Value variance = reduce_mean(square(centred), other_axes(node, x));
        const Value scale = in[1] * inverse_deviation(node, variance);
        const Value y = centred * along_channels(node, scale, x) + along_channels(node, in[2], x);
        return {cast(y, in[0].dtype()), mean, variance};
    }

    static Cost cost(const Node& node) { return batch_norm_cost(node, 7); }
};

LAMINA_OPERATOR(batch_norm_training, BatchNormTraining)

} // namespace
} // namespace lamina::plugin
