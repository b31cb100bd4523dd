// concat{axis}: the inputs one after the other along the axis; all else equal. Each input's
// gradient is its part of dy.
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

struct Concat {
    static constexpr auto schema = R"({"axis": {"type": "int", "required": true}})";

    static std::vector<TensorType> infer(const Node& node) {
        TensorType y = node.input(0).type();
        const auto axis = static_cast<size_t>(axis_of(node, y.rank()));
        for (int64_t i = 1; i < node.n_inputs(); ++i) {
            TensorType other = node.input(i).type();
            if (other.dims.size() == y.dims.size()) {
                y.dims[axis] += other.dims[axis];
                other.dims[axis] = y.dims[axis];
            }
            if (other.dims != y.dims)
                invalid("concat: the shapes " + input_shapes(node) +
                        " must be equal but for axis " + std::to_string(axis));
            if (other.dtype != y.dtype)
                invalid("concat: input 0 is " + std::string(dtype_name(y.dtype)) + ", input " +
                        std::to_string(i) + " is " + dtype_name(other.dtype) +
                        "; cast them to one dtype");
        }
        return {y};
    }
    static void gradient(const GradientContext& g) {
        const Dims y = g.y().shape();
        const auto axis = static_cast<size_t>(axis_of(g.node, g.y().rank()));
        Dims begin(y.size(), 0);
        for (int64_t i = 0; i < g.node.n_inputs(); ++i) {
            const Dims x = g.x(i).shape();
            g.set_dx(i, slice(g.dy(), begin, x, {}));
            begin[axis] += x[axis];
        }
    }
};

LAMINA_OPERATOR(concat, Concat)

} // namespace
} // namespace lamina::plugin
