// transpose{perm}: y's dimension i is x's dimension perm[i].
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

struct Transpose {
    static constexpr auto schema = R"({"perm": {"type": "ints", "required": true}})";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        const TensorView x = node.input(0);
        const Dims perm = node.dims("perm");
        Dims sorted = perm, shape;
        std::sort(sorted.begin(), sorted.end());
        bool valid = x.rank() == static_cast<int64_t>(perm.size());
        for (size_t i = 0; valid && i < sorted.size(); ++i)
            valid = sorted[i] == static_cast<int64_t>(i);
        if (!valid)
            invalid("transpose: perm " + to_string(perm) + " must name each dimension of " +
                    to_string(x.dims()) + " once, counted from 0");
        for (const int64_t axis : perm)
            shape.push_back(x.dim(axis));
        return {{x.dtype(), shape}};
    }
    static void gradient(const GradientContext& g) {
        const Dims perm = g.node.dims("perm");
        Dims inverse(perm.size());
        for (size_t i = 0; i < perm.size(); ++i)
            inverse[static_cast<size_t>(perm[i])] = static_cast<int64_t>(i);
        g.set_dx(0, transpose(g.dy(), inverse));
    }
};

LAMINA_OPERATOR(transpose, Transpose)

} // namespace
} // namespace lamina::plugin
