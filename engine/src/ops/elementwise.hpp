/// What the elementwise operators share: shape and dtype come from the table in expression.hpp.
#pragma once

#include <vector>

#include "lamina/plugin/broadcast.hpp"
#include "lamina/plugin/expression.hpp"
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {

/// y has the shape that the inputs broadcast to and the dtype that the operator's rule gives.
inline std::vector<TensorType> infer_elementwise(const Node& node, const ElementInfo& info,
                                                 lm_dtype cast_to = LM_F32) {
    expect_inputs(node, info.arity);
    std::vector<lm_dtype> dtypes;
    for (int64_t i = 0; i < node.n_inputs(); ++i)
        dtypes.push_back(node.input(i).dtype());
    return {{element_dtype(info, dtypes, cast_to), broadcast_inputs(node)}};
}

template <Element op>
struct Elementwise {
    static constexpr auto schema = "{}";
    static constexpr uint32_t flags = LM_OP_ELEMENTWISE;
    static std::vector<TensorType> infer(const Node& node) {
        return infer_elementwise(node, element_info(op));
    }
};

/// An operator whose derivative is zero wherever it exists: a gradient ends here without a word.
/// (An operator without a `gradient` refuses to be differentiated.)
template <Element op>
struct Flat : Elementwise<op> {
    static void gradient(const GradientContext&) {}
};

/// The results of a program's instructions, each as a node of its own.
inline Values apply_expression(Graph& graph, const Expression& e, const Values& inputs) {
    Values results;
    for (const Instruction& instruction : e.instructions) {
        Values args;
        lm_dtype beside = LM_F32; // what a constant becomes
        for (size_t i = 0; i < instruction.args.size(); ++i) {
            const Argument& a = instruction.args[i];
            if (a.kind == Argument::Kind::constant) {
                args.push_back(graph.constant(a.value));
                continue;
            }
            const auto index = static_cast<size_t>(a.index);
            args.push_back(a.kind == Argument::Kind::input ? inputs[index] : results[index]);
            if (instruction.op != Element::select || i > 0)
                beside = args[i].dtype();
        }
        for (size_t i = 0; i < args.size(); ++i)
            if (instruction.args[i].kind == Argument::Kind::constant)
                args[i] = cast(args[i], beside);
        Attrs attrs;
        if (instruction.op == Element::cast)
            attrs.emplace_back("dtype", dtype_name(instruction.dtype));
        results.push_back(graph.nodes(element_info(instruction.op).name, args, attrs).at(0));
    }
    return results;
}

} // namespace lamina::plugin
