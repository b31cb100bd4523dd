#include "passes/rewrite.hpp"

#include "graph/operators.hpp"

namespace lamina {

std::vector<ValueId> Rewrite::mapped(const std::vector<ValueId>& old) const {
    std::vector<ValueId> out;
    for (const ValueId v : old)
        out.push_back((*this)[v]);
    return out;
}

void Rewrite::copy(const Node& node) {
    if (node.op == "input") {
        set(node.outputs[0], to_.add_input(node.name, from_.type(node.outputs[0])));
    } else if (node.op == "constant") {
        set(node.outputs[0], to_.add_constant(from_.constant(node.outputs[0])));
    } else if (node.op == "variable") {
        Variable v = *from_.variable_of(node.outputs[0]);
        v.update = kNone;
        set(node.outputs[0], to_.add_variable(std::move(v)));
    } else {
        std::vector<TensorType> types;
        for (const ValueId v : node.outputs)
            types.push_back(from_.type(v));
        const NodeId id =
            to_.add_node(node.op, node.name, node.layer, mapped(node.inputs), node.attrs, types);
        to_.hold(find_operator(node.op));
        for (size_t i = 0; i < node.outputs.size(); ++i)
            set(node.outputs[i], to_.node(id).outputs[i]);
    }
}

Graph Rewrite::finish() {
    for (const Variable& v : from_.variables())
        if (v.update != kNone)
            to_.set_update((*this)[v.value], (*this)[v.update]);
    for (const auto& [name, value] : from_.outputs())
        to_.add_output(name, (*this)[value]);
    return std::move(to_);
}

} // namespace lamina
