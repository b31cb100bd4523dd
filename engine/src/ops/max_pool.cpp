// max_pool{window, strides, padding_low, padding_high, data_format}: the maximum of each window.
//
//     x: [N, in..., C]    y: [N, out..., C],   out = floor((in + low + high - window) / stride) + 1
//
// Padding counts as -infinity; it must be smaller than the window, so that every window holds an
// element. A NaN in a window gives NaN.
#include "ops/pool_rules.hpp"

namespace lamina::plugin {
namespace {

struct MaxPool {
    static constexpr auto schema = "{" LAMINA_POOL_SCHEMA "}";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        return {{expect_floating(node, 1), PoolParams::of(node).y_shape()}};
    }
    static void gradient(const GradientContext& g) {
        g.set_dx(0, g.graph().node("max_pool_grad", {g.x(), g.y(), g.dy()}, pool_attrs(g.node)));
    }
    static Cost cost(const Node& node) { return pool_cost(node); }
};

LAMINA_OPERATOR(max_pool, MaxPool)

} // namespace
} // namespace lamina::plugin
