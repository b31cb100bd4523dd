// top_k{k}: the k largest elements of the last axis in descending order, and where they stand; the
// lower index first where several tie.
//
//     x: [..., C]    values: [..., k]    indices: i64 [..., k]
//
// Each value's gradient goes to the element it came from.
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

struct TopK {
    static constexpr auto schema = R"({"k": {"type": "int", "required": true, "min": 1}})";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        TensorType y = node.input(0).type();
        const int64_t k = node.integer("k");
        if (y.dims.empty() || k < 1 || k > y.dims.back())
            invalid("top_k: k " + std::to_string(k) +
                    " must lie between 1 and the last dimension of " + to_string(y.dims));
        y.dims.back() = k;
        return {y, {LM_I64, y.dims}};
    }
    static void gradient(const GradientContext& g) {
        if (!g.dy(0))
            return;
        Dims column = g.dy(0).shape();
        const auto slot = static_cast<int64_t>(column.size()) - 1;
        column.push_back(1);
        const Value from = one_hot(g.y(1), g.x().dim(-1), g.x().dtype()); // [..., k, C]
        g.set_dx(0, reduce_sum(reshape(g.dy(0), column) * from, {slot}));
    }
};

LAMINA_OPERATOR(top_k, TopK)

} // namespace
} // namespace lamina::plugin
