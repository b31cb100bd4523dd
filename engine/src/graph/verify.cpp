#include <set>

#include <fmt/format.h>

#include "graph/operators.hpp"

namespace lamina {

namespace {

[[noreturn]] void broken(const Node& node, const std::string& reason) {
    fail(StatusCode::Internal, fmt::format("graph: node {} ({}): {}", node.name, node.op, reason));
}

void verify_node(const Graph& graph, NodeId id) {
    const Node& node = graph.node(id);
    for (const ValueId v : node.inputs) {
        if (v < 0 || static_cast<size_t>(v) >= graph.values().size())
            broken(node, fmt::format("reads {}, which is no value", v));
        if (graph.value(v).producer >= id)
            broken(node, fmt::format("reads %{} before {} makes it", v, graph.producer(v).name));
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
        const ValueInfo& info = graph.value(node.outputs[i]);
        if (info.producer != id || info.output != static_cast<int32_t>(i))
            broken(node, fmt::format("output {} does not know it", i));
    }
    if (node.is_leaf()) {
        if (!node.inputs.empty() || node.outputs.size() != 1)
            broken(node, "a leaf has one output and no input");
        if (node.op == "constant" &&
            graph.constant(node.outputs[0]).shape() != graph.type(node.outputs[0]).shape)
            broken(node, "the data has another shape");
        return;
    }
    const auto types =
        infer_types(*find_operator(node.op), graph, node.name, node.layer, node.inputs, node.attrs);
    if (types.size() != node.outputs.size())
        broken(node, "the shape rule gives another number of outputs");
    for (size_t i = 0; i < types.size(); ++i)
        if (!(types[i] == graph.type(node.outputs[i])))
            broken(node,
                   fmt::format("output {} is {}, the shape rule gives {}", i,
                               graph.type(node.outputs[i]).to_string(), types[i].to_string()));
}

} // namespace

void verify(const Graph& graph) {
    std::set<std::string> names;
    for (size_t id = 0; id < graph.nodes().size(); ++id) {
        verify_node(graph, static_cast<NodeId>(id));
        if (!names.insert(graph.nodes()[id].name).second)
            broken(graph.nodes()[id], "another node has its name");
    }
    for (const Variable& v : graph.variables()) {
        const Node& node = graph.producer(v.value);
        if (node.op != "variable")
            broken(node, "a variable's value is read from no variable node");
        if (v.update != kNone && !(graph.type(v.update) == v.type))
            broken(node, fmt::format("its update is {}, it is {}", graph.type(v.update).to_string(),
                                     v.type.to_string()));
    }
}

} // namespace lamina
