// scatter_add{axis, size}(indices, updates): adds slices into zeros; the transpose of gather.
//
//     indices: [I...]    updates: [A..., I..., B...], I at the axis    y: [A..., size, B...]
//     y[a, d, b] = sum over i with indices[i] = d of updates[a, i, b], in the order of i
//
// An update whose index lies outside [0, size) is dropped. The order of the sum is fixed, so that
// the result has the same bits every time.
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

struct ScatterAdd {
    static constexpr auto schema = R"({
        "axis": {"type": "int", "default": 0},
        "size": {"type": "int", "required": true, "min": 0}})";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 2);
        expect_index(node, 0);
        TensorType y = node.input(1).type();
        const auto indices = node.input(0).dims();
        const auto n = static_cast<int64_t>(indices.size());
        const auto refuse = [&] {
            invalid("scatter_add: the updates " + to_string(y.dims) +
                    " do not hold the indices' dimensions " + to_string(indices) + " at axis " +
                    std::to_string(node.integer("axis")));
        };
        if (y.rank() < n)
            refuse();
        const auto at = y.dims.begin() + axis_of(node, y.rank() - n + 1);
        if (y.dims.end() - at < n || !std::equal(indices.begin(), indices.end(), at))
            refuse();
        y.dims.insert(y.dims.erase(at, at + n), node.integer("size"));
        if (node.integer("size") < 0)
            invalid("scatter_add: size " + std::to_string(node.integer("size")) +
                    " must not be negative");
        return {y};
    }
    static void gradient(const GradientContext& g) {
        g.set_dx(1, gather(g.dy(), g.x(0), axis_of(g.node, g.y().rank())));
    }
};

LAMINA_OPERATOR(scatter_add, ScatterAdd)

} // namespace
} // namespace lamina::plugin
