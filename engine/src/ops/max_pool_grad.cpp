// max_pool_grad{as max_pool}(x, y, dy) -> dx: each window's dy goes to the first element, in
// row-major order of the window, that equals its maximum y, so that every backend gives the same
// bits. Windows that overlap add up.
#include "ops/pool_rules.hpp"

namespace lamina::plugin {
namespace {

struct MaxPoolGrad {
    static constexpr auto schema = "{" LAMINA_POOL_SCHEMA "}";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 3);
        const lm_dtype dtype = expect_floating(node, 3);
        const PoolParams p = PoolParams::of(node);
        expect_shape(node, 1, "y", p.y_shape());
        expect_shape(node, 2, "dy", p.y_shape());
        return {{dtype, p.x_shape()}};
    }
    static Cost cost(const Node& node) { return pool_cost(node); }
};

LAMINA_OPERATOR(max_pool_grad, MaxPoolGrad)

} // namespace
} // namespace lamina::plugin
