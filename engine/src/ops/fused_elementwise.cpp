// A program of elementwise operators (see lamina/plugin/expression.hpp) over inputs that broadcast
// to one shape. outputs: for each result of the node, the instruction that gives it; all have that
// shape. The fusion pass makes these nodes after differentiation, so there is no gradient.
#include "ops/elementwise.hpp"

namespace lamina::plugin {
namespace {

Expression program_of(const Node& node) {
    try {
        return Expression::parse(node.string("program"));
    } catch (const Error& e) {
        throw Error(e.code(), std::string("fused_elementwise: `program`: ") + e.what());
    }
}

struct FusedElementwise {
    static constexpr auto schema = R"({
        "program": {"type": "string", "required": true},
        "outputs": {"type": "ints", "required": true}})";

    static std::vector<TensorType> infer(const Node& node) {
        const Expression e = program_of(node);
        std::vector<lm_dtype> inputs;
        for (int64_t i = 0; i < node.n_inputs(); ++i)
            inputs.push_back(node.input(i).dtype());
        const std::vector<lm_dtype> results = e.dtypes(inputs);
        const Dims shape = broadcast_inputs(node);
        std::vector<TensorType> outputs;
        for (const int64_t t : node.integers("outputs")) {
            if (t < 0 || t >= static_cast<int64_t>(results.size()))
                invalid("fused_elementwise: output t" + std::to_string(t) +
                        " is no instruction of `" + e.text() + "`");
            outputs.push_back({results[static_cast<size_t>(t)], shape});
        }
        if (outputs.empty())
            invalid("fused_elementwise: `outputs` is empty; name at least one instruction");
        return outputs;
    }

    static Values decompose(Graph& graph, const Node& node, const Values& inputs) {
        const Expression e = program_of(node);
        const Dims shape = broadcast_inputs(node);
        const Values results = apply_expression(graph, e, inputs);
        Values outputs;
        // An output that reads only some inputs still has the shape of all.
        for (const int64_t t : node.integers("outputs"))
            outputs.push_back(broadcast_to(results[static_cast<size_t>(t)], shape));
        return outputs;
    }

    static Cost cost(const Node& node) {
        const Expression e = program_of(node);
        const auto elements = static_cast<double>(node.output().elements());
        return {elements * static_cast<double>(e.instructions.size()), traffic(node)};
    }
};

LAMINA_OPERATOR(fused_elementwise, FusedElementwise)

} // namespace
} // namespace lamina::plugin
