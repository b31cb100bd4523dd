// reduce_mean{axes, keep_dims, result_dtype}: y = mean of x over the axes. dx = dy / n, stretched.
#include "ops/reduction.hpp"

namespace lamina::plugin {
namespace {

struct ReduceMean : Summation {
    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        expect_floating(node, 1);
        return Summation::infer(node);
    }
    static void gradient(const GradientContext& g) {
        const auto n = static_cast<double>(reduced_count(g.node, g.x().shape()));
        g.set_dx(0, broadcast_to(kept(g, dy_as_operand(g) * (1.0 / n)), g.x().shape()));
    }
    static Values decompose(Graph&, const Node& node, const Values& inputs) {
        const auto n = static_cast<double>(reduced_count(node, inputs[0].shape()));
        const Value sum = inputs[0].graph().node("reduce_sum", {inputs[0]},
                                                 {{"axes", node.dims("axes")},
                                                  {"keep_dims", node.boolean("keep_dims")},
                                                  {"result_dtype", node.string("result_dtype")}});
        return {sum * (1.0 / n)};
    }
};

LAMINA_OPERATOR(reduce_mean, ReduceMean)

} // namespace
} // namespace lamina::plugin
