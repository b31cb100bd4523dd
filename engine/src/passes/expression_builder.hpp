/// Writes elementwise nodes as one expression program.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "lamina/graph.hpp"
#include "lamina/plugin/expression.hpp"

namespace lamina {

/// The value as a constant in a program: a scalar constant of the graph in f32, f16 or bf16.
std::optional<float> scalar_constant(const Graph& graph, ValueId value);

/// Whether the node can be an instruction of a program.
bool is_elementwise(const Node& node);

class ExpressionBuilder {
  public:
    /// first: a value that is input 0 whatever comes, for epilogues; kNone for none.
    explicit ExpressionBuilder(const Graph& graph, ValueId first = kNone) : graph_(graph) {
        if (first != kNone)
            input(first);
    }

    /// Appends the node's instruction. Its inputs are results so far, constants, or become inputs
    /// of the program.
    void append(const Node& node);

    const std::vector<ValueId>& inputs() const { return inputs_; }
    std::string text() const { return expression_.text(); }
    size_t size() const { return expression_.instructions.size(); }
    /// The instruction that gives the value.
    int64_t instruction_of(ValueId value) const { return temps_.at(value); }

  private:
    int32_t input(ValueId value);
    plugin::Argument argument(ValueId value);

    const Graph& graph_;
    plugin::Expression expression_;
    std::vector<ValueId> inputs_;
    std::map<ValueId, int32_t> temps_;
};

} // namespace lamina
