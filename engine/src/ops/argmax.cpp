// argmax{axis}: the position of the maximum along the axis, the first where several tie; i64. The
// axis goes. Piecewise constant: no gradient.
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

struct Argmax {
    static constexpr auto schema = R"({"axis": {"type": "int", "default": -1}})";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        Dims shape = node.input(0).type().dims;
        const int64_t axis = axis_of(node, node.input(0).rank());
        if (shape[static_cast<size_t>(axis)] == 0)
            invalid("argmax: axis " + std::to_string(axis) + " of " + to_string(shape) +
                    " is empty");
        shape.erase(shape.begin() + axis);
        return {{LM_I64, shape}};
    }
    static void gradient(const GradientContext&) {}
    static Cost cost(const Node& node) {
        return {static_cast<double>(node.input(0).elements()), traffic(node)};
    }
};

LAMINA_OPERATOR(argmax, Argmax)

} // namespace
} // namespace lamina::plugin
