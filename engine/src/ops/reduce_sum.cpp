// reduce_sum{axes, keep_dims}: y = sum of x over the axes. dx = dy, stretched.
#include "ops/reduction.hpp"

namespace lamina::plugin {
namespace {

struct ReduceSum : Reduction {
    static void gradient(const GradientContext& g) {
        g.set_dx(0, broadcast_to(kept(g, g.dy()), g.x().shape()));
    }
};

LAMINA_OPERATOR(reduce_sum, ReduceSum)

} // namespace
} // namespace lamina::plugin
