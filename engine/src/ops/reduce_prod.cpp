// reduce_prod{axes, keep_dims}: y = product of x over the axes.
//
// dx = dy * (product of the others). Dividing y by x fails where x is 0, so the zeros are set
// apart: with none, the others' product is p / x; with one, it is p at that one and 0 elsewhere;
// with more, 0. p is the product of the elements that are not 0.
#include "ops/reduction.hpp"

namespace lamina::plugin {
namespace {

struct ReduceProd : Reduction {
    static void gradient(const GradientContext& g) {
        const Dims axes = g.node.dims("axes");
        const Value x = g.x(), zero = scalar_like(x, 0.0), one = scalar_like(x, 1.0);
        const Value is_zero = equal(x, zero);
        const Value zeros = reduce_sum(select(is_zero, one, zero), axes, true);
        const Value rest = select(is_zero, one, x);
        const Value p = reduce("reduce_prod", rest, axes, true);
        const Value others = select(is_zero, select(equal(zeros, one), p, zero),
                                    select(equal(zeros, zero), p / rest, zero));
        g.set_dx(0, kept(g, g.dy()) * others);
    }
};

LAMINA_OPERATOR(reduce_prod, ReduceProd)

} // namespace
} // namespace lamina::plugin
