// reduce_sum{axes, keep_dims, result_dtype}: y = sum of x over the axes. dx = dy, stretched.
#include "ops/reduction.hpp"

namespace lamina::plugin {
namespace {

struct ReduceSum : Summation {
    static void gradient(const GradientContext& g) {
        g.set_dx(0, broadcast_to(kept(g, dy_as_operand(g)), g.x().shape()));
    }
};

LAMINA_OPERATOR(reduce_sum, ReduceSum)

} // namespace
} // namespace lamina::plugin
