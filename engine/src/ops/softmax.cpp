// softmax{axis}: y = e^(x - m) / sum of e^(x - m) along the axis, m the maximum there, so that
// nothing overflows.
//
// dx = y * (dy - sum of dy * y)
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

struct Softmax {
    static constexpr auto schema = R"({"axis": {"type": "int", "default": -1}})";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        expect_floating(node, 1);
        axis_of(node, node.input(0).rank());
        return {node.input(0).type()};
    }
    static void gradient(const GradientContext& g) {
        const Dims axes{g.node.integer("axis")};
        g.set_dx(0, g.y() * (g.dy() - reduce_sum(g.dy() * g.y(), axes, true)));
    }
    static Values decompose(Graph&, const Node& node, const Values& inputs) {
        const Dims axes{node.integer("axis")};
        const Value e = exp(inputs[0] - reduce_max(inputs[0], axes, true));
        return {e / reduce_sum(e, axes, true)};
    }
    static Cost cost(const Node& node) { // maximum, difference, exponential, sum, quotient
        return {5.0 * static_cast<double>(node.input(0).elements()), traffic(node)};
    }
};

LAMINA_OPERATOR(softmax, Softmax)

} // namespace
} // namespace lamina::plugin
