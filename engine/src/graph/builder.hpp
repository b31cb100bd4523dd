/// The graph under construction, as graph functions and gradient rules see it through lm_graph_api.
#pragma once

#include "lamina/graph.hpp"
#include "lamina/plugin/abi.h"

namespace lamina {

/// What only the model knows: variables, losses, other parts. The default refuses all.
class BuildHooks {
  public:
    virtual ~BuildHooks() = default;
    virtual ValueId variable(lm_graph& graph, const lm_variable_desc& desc);
    virtual void assign(lm_graph& graph, ValueId variable, ValueId value);
    virtual void add_loss(lm_graph& graph, ValueId scalar);
    virtual std::vector<ValueId> apply(lm_graph& graph, const std::string& kind,
                                       const std::string& class_name, const std::string& name,
                                       const std::string& config,
                                       const std::vector<ValueId>& inputs);
};

} // namespace lamina

/// Valid during one graph function.
struct lm_graph {
    lamina::Graph& graph;
    lamina::BuildHooks& hooks;
    int32_t mode = LM_MODE_INFER;
    std::string layer;  // of new nodes, and the prefix of their names
    std::string prefix; // of new nodes' names before the layer: "gradient/"

    /// New nodes are named by their operator and, from the second of a kind in this graph function
    /// on, a number: the same names in training and inference and for every batch size.
    std::map<std::string, int> op_counts{};

    std::string name_for(const std::string& op);
};

namespace lamina {

/// i64 [3]: seed, step, index of the batch's first sample. An input of the graph, made at its first
/// use.
ValueId rng_state(Graph& graph);

/// Calls a graph function. Throws Error with the message it gave.
std::vector<ValueId> call_graph_function(const lm_graph_function& function, lm_graph& graph,
                                         const lm_config& config,
                                         const std::vector<ValueId>& inputs);

} // namespace lamina
