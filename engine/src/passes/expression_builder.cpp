#include "passes/expression_builder.hpp"

#include <algorithm>

#include "graph/operators.hpp"

namespace lamina {

std::optional<float> scalar_constant(const Graph& graph, ValueId value) {
    if (graph.producer(value).op != "constant")
        return std::nullopt;
    const Tensor& data = graph.constant(value);
    const DType type = data.dtype();
    if (data.elements() != 1 || data.shape().rank() != 0 ||
        (type != DType::F32 && type != DType::F16 && type != DType::BF16))
        return std::nullopt;
    return data.cast(DType::F32).item<float>();
}

bool is_elementwise(const Node& node) {
    return !node.is_leaf() && plugin::find_element(node.op) != nullptr;
}

int32_t ExpressionBuilder::input(ValueId value) {
    const auto it = std::find(inputs_.begin(), inputs_.end(), value);
    if (it != inputs_.end())
        return static_cast<int32_t>(it - inputs_.begin());
    inputs_.push_back(value);
    return static_cast<int32_t>(inputs_.size()) - 1;
}

plugin::Argument ExpressionBuilder::argument(ValueId value) {
    if (const auto it = temps_.find(value); it != temps_.end())
        return {plugin::Argument::Kind::temp, it->second, 0};
    if (const auto c = scalar_constant(graph_, value))
        return {plugin::Argument::Kind::constant, 0, *c};
    return {plugin::Argument::Kind::input, input(value), 0};
}

void ExpressionBuilder::append(const Node& node) {
    plugin::Instruction instruction;
    instruction.op = plugin::find_element(node.op)->op;
    if (node.op == "cast")
        instruction.dtype = plugin::parse_dtype(node.string("dtype"));
    for (const ValueId v : node.inputs)
        instruction.args.push_back(argument(v));
    temps_[node.outputs[0]] = static_cast<int32_t>(expression_.instructions.size());
    expression_.instructions.push_back(std::move(instruction));
}

} // namespace lamina
