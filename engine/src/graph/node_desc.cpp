#include "graph/node_desc.hpp"

namespace lamina {

plugin::TensorType to_plugin(const TensorType& type) {
    return {static_cast<lm_dtype>(type.dtype), {type.shape.begin(), type.shape.end()}};
}

TensorType from_plugin(lm_dtype dtype, int32_t rank, const int64_t* dims) {
    return {static_cast<DType>(dtype),
            Shape(std::span<const int64_t>(dims, static_cast<size_t>(rank)))};
}

static uint32_t flags_of(const Graph& graph, ValueId value) {
    const std::string& op = graph.producer(value).op;
    if (op == "constant")
        return LM_TENSOR_CONSTANT;
    if (op == "variable")
        return LM_TENSOR_VARIABLE;
    return op == "input" ? LM_TENSOR_INPUT : 0;
}

std::unique_ptr<plugin::OwnedNode> describe_node(const Graph& graph, const Node& node,
                                                 uint64_t kept) {
    std::vector<plugin::OperandType> inputs, outputs;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
        const uint32_t stays = i < 64 && (kept >> i & 1) != 0 ? LM_TENSOR_KEPT : 0;
        inputs.push_back(
            {to_plugin(graph.type(node.inputs[i])), flags_of(graph, node.inputs[i]) | stays});
    }
    for (const ValueId v : node.outputs)
        outputs.push_back({to_plugin(graph.type(v)), 0});
    return std::make_unique<plugin::OwnedNode>(
        node.op, node.name, node.layer, std::move(inputs), std::move(outputs),
        std::vector<std::pair<std::string, plugin::Attr::Data>>(node.attrs.begin(),
                                                                node.attrs.end()));
}

} // namespace lamina
