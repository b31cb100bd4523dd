// reshape{shape}: the same elements in row-major order, seen in another shape. One entry may be -1:
// whatever the number of elements makes it. A view: the output has the input's bytes.
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

struct Reshape {
    static constexpr auto schema = R"({"shape": {"type": "ints", "required": true}})";
    static constexpr uint32_t flags = LM_OP_VIEW;

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        const TensorType x = node.input(0).type();
        Dims shape = node.dims("shape");
        int64_t* open = nullptr;
        int64_t known = 1;
        for (int64_t& d : shape) {
            if (d < -1 || (d == -1 && open != nullptr))
                invalid("reshape: shape " + to_string(shape) +
                        " must hold sizes and at most one -1");
            if (d == -1)
                open = &d;
            else
                known *= d;
        }
        if (open != nullptr && known != 0 && x.elements() % known == 0) {
            *open = x.elements() / known;
            known = x.elements();
        }
        if (open != nullptr ? *open == -1 : known != x.elements())
            invalid("reshape: " + to_string(x.dims) + " has " + std::to_string(x.elements()) +
                    " elements; they do not fill the shape " + to_string(shape));
        return {{x.dtype, shape}};
    }
    static void gradient(const GradientContext& g) { g.set_dx(0, reshape(g.dy(), g.x().shape())); }
    static Cost cost(const Node&) { return {}; }
};

LAMINA_OPERATOR(reshape, Reshape)

} // namespace
} // namespace lamina::plugin
