// broadcast_to{shape}: x stretched to the shape by numpy's rule: aligned at their ends, each of
// x's dimensions is the shape's or 1. The gradient sums over what was stretched.
#include "lamina/plugin/broadcast.hpp"
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

struct BroadcastTo {
    static constexpr auto schema = R"({"shape": {"type": "ints", "required": true}})";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        const Dims shape = node.dims("shape");
        if (broadcast_shape(node.input(0).dims(), shape) != shape)
            invalid("broadcast_to: " + to_string(node.input(0).dims()) + " does not stretch to " +
                    to_string(shape) +
                    ": aligned at their ends, its dimensions must be equal or 1");
        return {{node.input(0).dtype(), shape}};
    }
    static void gradient(const GradientContext& g) { g.set_broadcast_dx(0, g.dy()); }
};

LAMINA_OPERATOR(broadcast_to, BroadcastTo)

} // namespace
} // namespace lamina::plugin
