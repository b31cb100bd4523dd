// reduce_max and reduce_min{axes, keep_dims}: the extreme element over the axes; NaN where there is
// one. Elements that tie for it share the gradient evenly, as in TensorFlow.
#include "ops/reduction.hpp"

namespace lamina::plugin {
namespace {

struct ReduceExtremum : Reduction {
    static void gradient(const GradientContext& g) {
        const Value x = g.x(), zero = scalar_like(x, 0.0), one = scalar_like(x, 1.0);
        const Value ties = equal(x, kept(g, g.y()));
        const Value count = reduce_sum(select(ties, one, zero), g.node.dims("axes"), true);
        g.set_dx(0, select(ties, kept(g, g.dy()) / count, zero));
    }
};

LAMINA_OPERATOR(reduce_max, ReduceExtremum)
LAMINA_OPERATOR(reduce_min, ReduceExtremum)

} // namespace
} // namespace lamina::plugin
