// reduce_mean{axes, keep_dims}: y = mean of x over the axes. dx = dy / n, stretched.
#include "ops/reduction.hpp"

namespace lamina::plugin {
namespace {

struct ReduceMean : Reduction {
    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        expect_floating(node, 1);
        return Reduction::infer(node);
    }
    static void gradient(const GradientContext& g) {
        const auto n = static_cast<double>(reduced_count(g.node, g.x().shape()));
        g.set_dx(0, broadcast_to(kept(g, g.dy() * (1.0 / n)), g.x().shape()));
    }
    static Values decompose(Graph&, const Node& node, const Values& inputs) {
        const auto n = static_cast<double>(reduced_count(node, inputs[0].shape()));
        return {reduce_sum(inputs[0], node.dims("axes"), node.boolean("keep_dims")) * (1.0 / n)};
    }
};

LAMINA_OPERATOR(reduce_mean, ReduceMean)

} // namespace
} // namespace lamina::plugin
