// log_softmax{axis}: y = x - m - ln(sum of e^(x - m)) along the axis, m the maximum there.
//
// dx = dy - e^y * sum of dy
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

struct LogSoftmax {
    static constexpr auto schema = R"({"axis": {"type": "int", "default": -1}})";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        expect_floating(node, 1);
        axis_of(node, node.input(0).rank());
        return {node.input(0).type()};
    }
    static void gradient(const GradientContext& g) {
        const Dims axes{g.node.integer("axis")};
        g.set_dx(0, g.dy() - exp(g.y()) * reduce_sum(g.dy(), axes, true));
    }
    static Values decompose(Graph&, const Node& node, const Values& inputs) {
        const Dims axes{node.integer("axis")};
        const Value shifted = inputs[0] - reduce_max(inputs[0], axes, true);
        return {shifted - log(reduce_sum(exp(shifted), axes, true))};
    }
    static Cost cost(const Node& node) { // maximum, difference, exponential, sum, difference
        return {5.0 * static_cast<double>(node.input(0).elements()), traffic(node)};
    }
};

LAMINA_OPERATOR(log_softmax, LogSoftmax)

} // namespace
} // namespace lamina::plugin
