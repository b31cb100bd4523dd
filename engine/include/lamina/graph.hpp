/// The graph: what every model, loss, optimizer and training step becomes.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "lamina/dtype.hpp"
#include "lamina/export.hpp"
#include "lamina/shape.hpp"
#include "lamina/tensor.hpp"

namespace lamina {

using ValueId = int32_t;
using NodeId = int32_t;
constexpr int32_t kNone = -1;

/// Element type and shape of a value.
struct TensorType {
    DType dtype = DType::F32;
    Shape shape;

    int64_t bytes() const { return shape.elements() * static_cast<int64_t>(size_of(dtype)); }
    std::string to_string() const { return std::string(name(dtype)) + shape.to_string(); }
    bool operator==(const TensorType&) const = default;
};

using AttrValue =
    std::variant<int64_t, double, bool, std::string, std::vector<int64_t>, std::vector<double>>;
/// In the order of the names, so that equal nodes have equal lists.
using Attributes = std::map<std::string, AttrValue, std::less<>>;

std::string to_string(const AttrValue& value);

/// An operator applied to values. Leaves have the operators `input`, `variable` and `constant`.
struct Node {
    std::string op;
    std::string name;  // unique in the graph
    std::string layer; // the layer that added it, "" for none
    std::vector<ValueId> inputs;
    std::vector<ValueId> outputs;
    Attributes attrs;

    bool is_leaf() const { return op == "input" || op == "variable" || op == "constant"; }
    int64_t integer(std::string_view attr) const { return std::get<int64_t>(at(attr)); }
    bool boolean(std::string_view attr) const { return std::get<bool>(at(attr)); }
    const std::string& string(std::string_view attr) const {
        return std::get<std::string>(at(attr));
    }
    const std::vector<int64_t>& integers(std::string_view attr) const {
        return std::get<std::vector<int64_t>>(at(attr));
    }
    /// Throws Error(Internal) when the attribute is absent.
    const AttrValue& at(std::string_view attr) const;
};

struct ValueInfo {
    TensorType type;
    NodeId producer = kNone;
    int32_t output = 0; // which of the producer's
};

enum class VariableKind { Weight, Statistic, Slot };

/// What outlives a step: a weight, a moving statistic, an optimizer slot. Graphs that name the same
/// variable share it.
struct Variable {
    std::string name; // "conv2d_1/kernel", "optimizer/m/conv2d_1/kernel"
    TensorType type;
    VariableKind kind = VariableKind::Weight;
    bool trainable = false;
    std::string layer;
    std::string initializer; // JSON
    ValueId value = kNone;   // read at the start of the step
    ValueId update = kNone;  // what it holds after the step; kNone: unchanged
};

/// Nodes stand in an order in which each comes after those it reads.
class LAMINA_API Graph {
  public:
    const std::vector<Node>& nodes() const { return nodes_; }
    const Node& node(NodeId id) const { return nodes_[static_cast<size_t>(id)]; }
    Node& node(NodeId id) { return nodes_[static_cast<size_t>(id)]; }
    const std::vector<ValueInfo>& values() const { return values_; }
    const ValueInfo& value(ValueId id) const { return values_[static_cast<size_t>(id)]; }
    const TensorType& type(ValueId id) const { return value(id).type; }
    /// The node that makes the value.
    const Node& producer(ValueId id) const { return node(value(id).producer); }

    const std::vector<Variable>& variables() const { return variables_; }
    std::vector<Variable>& variables() { return variables_; }
    const Variable* find_variable(std::string_view name) const;
    /// The variable that a value reads, or nullptr.
    const Variable* variable_of(ValueId id) const;

    const std::vector<std::pair<std::string, ValueId>>& inputs() const { return inputs_; }
    const std::vector<std::pair<std::string, ValueId>>& outputs() const { return outputs_; }
    /// The data of a constant. Throws for any other value.
    const Tensor& constant(ValueId id) const;

    /// The leaves. Names of inputs and variables are unique; asking for the same one again with the
    /// same type returns it, with another type throws ShapeError.
    ValueId add_input(const std::string& name, const TensorType& type);
    ValueId add_constant(Tensor data);
    ValueId add_variable(Variable variable);

    /// Adds a node whose attributes are complete and whose outputs' types are known.
    NodeId add_node(std::string op, const std::string& name, std::string layer,
                    std::vector<ValueId> inputs, Attributes attrs,
                    const std::vector<TensorType>& output_types);

    void add_output(const std::string& name, ValueId value);
    void set_update(ValueId variable, ValueId value);

    /// A name that no node has yet: `wanted`, or wanted_1, wanted_2, ...
    std::string unique_name(const std::string& wanted);

    /// Keeps something alive as long as the graph: the plugins of its operators.
    void hold(std::shared_ptr<const void> thing) { held_.push_back(std::move(thing)); }

    /// The total number of uses of each value: by nodes, outputs and updates.
    std::vector<int32_t> use_counts() const;

  private:
    ValueId add_value(const TensorType& type, NodeId producer, int32_t output);

    std::vector<Node> nodes_;
    std::vector<ValueInfo> values_;
    std::vector<Variable> variables_;
    std::vector<std::pair<std::string, ValueId>> inputs_;
    std::vector<std::pair<std::string, ValueId>> outputs_;
    std::map<ValueId, Tensor> constants_;
    std::map<std::string, int, std::less<>> names_;
    std::vector<std::shared_ptr<const void>> held_;
};

/// Checks every rule of a graph: order, uses, types as the operators infer them, unique names,
/// updates of variables with their own type. Throws Error(Internal) that names the node.
LAMINA_API void verify(const Graph& graph);

/// Text that a person can read, a line a node:
///     %5 = conv(%0, %1) {strides=[1, 1], ...}: f32[128, 28, 28, 20]   # conv2d
LAMINA_API std::string to_text(const Graph& graph);

/// Graphviz.
LAMINA_API std::string to_dot(const Graph& graph);

} // namespace lamina
