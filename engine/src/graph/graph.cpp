#include "lamina/graph.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lamina {

std::string to_string(const AttrValue& value) {
    struct Printer {
        std::string operator()(int64_t v) const { return std::to_string(v); }
        std::string operator()(double v) const { return fmt::format("{:g}", v); }
        std::string operator()(bool v) const { return v ? "true" : "false"; }
        std::string operator()(const std::string& v) const { return "\"" + v + "\""; }
        std::string operator()(const std::vector<int64_t>& v) const {
            return fmt::format("[{}]", fmt::join(v, ", "));
        }
        std::string operator()(const std::vector<double>& v) const {
            return fmt::format("[{:g}]", fmt::join(v, ", "));
        }
    };
    return std::visit(Printer{}, value);
}

const AttrValue& Node::at(std::string_view attr) const {
    const auto it = attrs.find(attr);
    if (it == attrs.end())
        fail(StatusCode::Internal, fmt::format("{} ({}) has no attribute `{}`", name, op, attr));
    return it->second;
}

const Variable* Graph::find_variable(std::string_view name) const {
    const auto it = std::find_if(variables_.begin(), variables_.end(),
                                 [&](const Variable& v) { return v.name == name; });
    return it == variables_.end() ? nullptr : &*it;
}

const Variable* Graph::variable_of(ValueId id) const {
    if (producer(id).op != "variable")
        return nullptr;
    const auto it = std::find_if(variables_.begin(), variables_.end(),
                                 [&](const Variable& v) { return v.value == id; });
    return it == variables_.end() ? nullptr : &*it;
}

const Tensor& Graph::constant(ValueId id) const {
    const auto it = constants_.find(id);
    if (it == constants_.end())
        fail(StatusCode::Internal,
             fmt::format("value {} of {} is no constant", id, producer(id).name));
    return it->second;
}

ValueId Graph::add_value(const TensorType& type, NodeId producer, int32_t output) {
    values_.push_back({type, producer, output});
    return static_cast<ValueId>(values_.size() - 1);
}

NodeId Graph::add_node(std::string op, const std::string& name, std::string layer,
                       std::vector<ValueId> inputs, Attributes attrs,
                       const std::vector<TensorType>& output_types) {
    const auto id = static_cast<NodeId>(nodes_.size());
    Node& node = nodes_.emplace_back();
    node.op = std::move(op);
    node.name = unique_name(name);
    node.layer = std::move(layer);
    node.inputs = std::move(inputs);
    node.attrs = std::move(attrs);
    for (size_t i = 0; i < output_types.size(); ++i)
        node.outputs.push_back(add_value(output_types[i], id, static_cast<int32_t>(i)));
    return id;
}

static void expect_same_type(const std::string& what, const TensorType& had,
                             const TensorType& wanted) {
    if (!(had == wanted))
        throw ShapeError(fmt::format("{} is {}, and was asked for as {}", what, had.to_string(),
                                     wanted.to_string()));
}

ValueId Graph::add_input(const std::string& name, const TensorType& type) {
    for (const auto& [had, id] : inputs_)
        if (had == name) {
            expect_same_type("input " + name, this->type(id), type);
            return id;
        }
    const ValueId id = node(add_node("input", name, "", {}, {}, {type})).outputs[0];
    inputs_.emplace_back(name, id);
    return id;
}

ValueId Graph::add_constant(Tensor data) {
    const ValueId id =
        node(add_node("constant", "constant", "", {}, {}, {{data.dtype(), data.shape()}}))
            .outputs[0];
    constants_.emplace(id, std::move(data));
    return id;
}

ValueId Graph::add_variable(Variable variable) {
    if (const Variable* had = find_variable(variable.name)) {
        expect_same_type("variable " + variable.name, had->type, variable.type);
        return had->value;
    }
    variable.value =
        node(add_node("variable", variable.name, variable.layer, {}, {}, {variable.type}))
            .outputs[0];
    variables_.push_back(std::move(variable));
    return variables_.back().value;
}

void Graph::add_output(const std::string& name, ValueId value) {
    outputs_.emplace_back(name, value);
}

void Graph::set_update(ValueId variable, ValueId value) {
    const auto it = std::find_if(variables_.begin(), variables_.end(),
                                 [&](const Variable& v) { return v.value == variable; });
    if (it == variables_.end())
        fail(StatusCode::InvalidArgument, "assign: the target is no variable");
    if (it->update != kNone)
        fail(StatusCode::InvalidArgument,
             fmt::format("assign: {} is assigned twice in one step", it->name));
    expect_same_type("variable " + it->name, it->type, type(value));
    it->update = value;
}

std::string Graph::unique_name(const std::string& wanted) {
    auto& count = names_[wanted];
    if (count++ == 0)
        return wanted;
    for (;; ++count) {
        std::string name = fmt::format("{}_{}", wanted, count - 1);
        if (names_.emplace(name, 1).second)
            return name;
    }
}

std::vector<int32_t> Graph::use_counts() const {
    std::vector<int32_t> counts(values_.size());
    const auto use = [&](ValueId id) { ++counts[static_cast<size_t>(id)]; };
    for (const Node& n : nodes_)
        for (const ValueId v : n.inputs)
            use(v);
    for (const auto& [name, v] : outputs_)
        use(v);
    for (const Variable& v : variables_)
        if (v.update != kNone)
            use(v.update);
    return counts;
}

} // namespace lamina
