// gather{axis}(x, indices): slices of x along the axis, at the indices.
//
//     x: [A..., D, B...] with D at the axis    indices: [I...]    y: [A..., I..., B...]
//     y[a, i, b] = x[a, indices[i], b], or 0 where the index lies outside [0, D)
//
// The gradient is scatter_add: slices that were read more than once get the sum.
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

struct Gather {
    static constexpr auto schema = R"({"axis": {"type": "int", "default": 0}})";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 2);
        expect_index(node, 1);
        TensorType y = node.input(0).type();
        const auto indices = node.input(1).dims();
        const auto at = y.dims.erase(y.dims.begin() + axis_of(node, y.rank()));
        y.dims.insert(at, indices.begin(), indices.end());
        return {y};
    }
    static void gradient(const GradientContext& g) {
        const int64_t axis = axis_of(g.node, g.x().rank());
        g.set_dx(0, g.graph().node("scatter_add", {g.x(1), g.dy()},
                                   {{"axis", axis}, {"size", g.x(0).dim(axis)}}));
    }
    static Cost cost(const Node& node) { // reads only what it takes
        return {0, 2.0 * static_cast<double>(node.output().bytes()) +
                       static_cast<double>(node.input(1).bytes())};
    }
};

LAMINA_OPERATOR(gather, Gather)

} // namespace
} // namespace lamina::plugin
