// avg_pool_grad{as avg_pool, input_shape}(dy) -> dx: each window's dy, divided by the window's
// count, goes to each of its elements. Linear, and avg_pool is its transpose.
#include "ops/pool_rules.hpp"

namespace lamina::plugin {
namespace {

struct AvgPoolGrad {
    static constexpr auto schema =
        "{" LAMINA_POOL_SCHEMA R"(, "input_shape": {"type": "ints", "required": true}})";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        const PoolParams p = PoolParams::of(node);
        expect_shape(node, 0, "dy", p.y_shape());
        return {{expect_floating(node, 1), p.x_shape()}};
    }
    static void gradient(const GradientContext& g) {
        g.set_dx(0, g.graph().node("avg_pool", {g.dy()}, pool_attrs(g.node)));
    }
    static Cost cost(const Node& node) { return pool_cost(node); }
};

LAMINA_OPERATOR(avg_pool_grad, AvgPoolGrad)

} // namespace
} // namespace lamina::plugin
