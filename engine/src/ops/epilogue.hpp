/// The attribute `epilogue` of products and convolutions: an elementwise program on the result,
/// in which i0 is the result and i1, i2, ... the node's further inputs, which broadcast to it. The
/// last instruction gives the output. The fusion pass writes it, after differentiation.
#pragma once

#include "ops/elementwise.hpp"
#include "ops/result_dtype.hpp"

namespace lamina::plugin {

#define LAMINA_EPILOGUE_SCHEMA R"("epilogue": {"type": "string", "default": ""})"

/// The output's type when the node's first `own` inputs give a result of this shape.
inline TensorType infer_epilogue(const Node& node, int64_t own, const Dims& shape) {
    expect_floating(node, own);
    TensorType result{result_dtype(node), shape};
    const std::string program = node.string("epilogue");
    if (program.empty()) {
        expect_inputs(node, own);
        return result;
    }
    std::vector<lm_dtype> dtypes{result.dtype};
    for (int64_t i = own; i < node.n_inputs(); ++i) {
        dtypes.push_back(node.input(i).dtype());
        if (broadcast_shape(node.input(i).dims(), result.dims) != result.dims)
            invalid(std::string(node.op()) + ": the epilogue's input " + std::to_string(i) + ", " +
                    to_string(node.input(i).dims()) + ", does not broadcast to the result " +
                    to_string(result.dims));
    }
    return {Expression::parse(program).dtypes(dtypes).back(), result.dims};
}

/// The node without its epilogue, then the epilogue, one node an operator.
inline Values decompose_epilogue(Graph& graph, const Node& node, int64_t own, const Values& inputs,
                                 Attrs attrs) {
    const std::string program = node.string("epilogue");
    if (program.empty())
        unsupported(std::string(node.op()) + ": has no simpler form");
    attrs.emplace_back("result_dtype", node.string("result_dtype"));
    const auto n = static_cast<size_t>(own);
    Values operands = graph.nodes(node.op(), std::span(inputs).first(n), attrs);
    operands.insert(operands.end(), inputs.begin() + own, inputs.end());
    return {apply_expression(graph, Expression::parse(program), operands).back()};
}

/// Operations that the epilogue adds to each element.
inline double epilogue_flops(const Node& node) {
    const std::string program = node.string("epilogue");
    return program.empty()
               ? 0.0
               : static_cast<double>(node.output().elements()) *
                     static_cast<double>(Expression::parse(program).instructions.size());
}

} // namespace lamina::plugin
