// select(condition, a, b): a where the condition holds, else b; numpy's broadcasting over all
// three.
#include "ops/elementwise.hpp"

namespace lamina::plugin {
namespace {

struct Select : Elementwise<Element::select> {
    static void gradient(const GradientContext& g) {
        const Value zero = scalar_like(g.dy(), 0.0);
        g.set_broadcast_dx(1, select(g.x(0), g.dy(), zero));
        g.set_broadcast_dx(2, select(g.x(0), zero, g.dy()));
    }
};

LAMINA_OPERATOR(select, Select)

} // namespace
} // namespace lamina::plugin
