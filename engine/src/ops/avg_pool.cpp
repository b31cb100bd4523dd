// avg_pool{window, strides, padding_low, padding_high, data_format}: the mean of each window.
//
//     x: [N, in..., C]    y: [N, out..., C],   out = floor((in + low + high - window) / stride) + 1
//
// Padding is left out of the sum and of the count, as in Keras; it must be smaller than the
// window, so that every window holds an element.
#include "ops/pool_rules.hpp"

namespace lamina::plugin {
namespace {

struct AvgPool {
    static constexpr auto schema = "{" LAMINA_POOL_SCHEMA "}";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        return {{expect_floating(node, 1), PoolParams::of(node).y_shape()}};
    }
    static void gradient(const GradientContext& g) {
        g.set_dx(0, g.graph().node("avg_pool_grad", {g.dy()},
                                   pool_attrs(g.node, {{"input_shape", g.x().shape()}})));
    }
    static Cost cost(const Node& node) { return pool_cost(node); }
};

LAMINA_OPERATOR(avg_pool, AvgPool)

} // namespace
} // namespace lamina::plugin
