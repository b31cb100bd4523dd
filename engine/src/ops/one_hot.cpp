// one_hot{depth, dtype}: indices [...] -> [..., depth], 1 where the last coordinate is the index,
// else 0; all 0 for an index outside [0, depth). Indices are integers: no gradient.
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

struct OneHot {
    static constexpr auto schema = R"({
        "depth": {"type": "int", "required": true, "min": 1},
        "dtype": {"type": "string", "default": "f32"}})";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        expect_index(node, 0);
        const int64_t depth = node.integer("depth");
        if (depth < 1)
            invalid("one_hot: depth " + std::to_string(depth) + " must be at least 1");
        Dims shape = node.input(0).type().dims;
        shape.push_back(depth);
        return {{parse_dtype(node.string("dtype")), shape}};
    }
    static void gradient(const GradientContext&) {}
    static Values decompose(Graph& graph, const Node& node, const Values& inputs) {
        Dims classes(static_cast<size_t>(node.integer("depth")));
        for (size_t i = 0; i < classes.size(); ++i)
            classes[i] = static_cast<int64_t>(i);
        Dims column = inputs[0].shape();
        column.push_back(1);
        const Value indices = cast(reshape(inputs[0], column), LM_I64);
        const Value wanted =
            graph.constant({node.integer("depth")}, std::span<const int64_t>(classes));
        return {cast(equal(indices, wanted), parse_dtype(node.string("dtype")))};
    }
};

LAMINA_OPERATOR(one_hot, OneHot)

} // namespace
} // namespace lamina::plugin
