/// From layers to operators.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "graph/builder.hpp"
#include "model/architecture.hpp"

namespace lamina {

/// The values of a call's outputs, by layer and call.
using LayerValues = std::vector<std::vector<std::vector<ValueId>>>;

/// Adds layers to a graph: their operators, variables and losses.
class LayerTracer : public BuildHooks {
  public:
    LayerTracer(Graph& graph, int32_t mode) : graph_(graph), mode_(mode) {}

    /// Traces a whole model for a batch. inputs: one value a model input; none: graph inputs are
    /// made, named as the InputLayers. Returns the values of the model's outputs.
    std::vector<ValueId> trace(const Architecture& architecture, int64_t batch,
                               std::vector<ValueId> inputs = {});
    /// Traces one call of one layer; an InputLayer without inputs makes a graph input.
    std::vector<ValueId> call(const LayerSpec& layer, const std::vector<ValueId>& inputs,
                              int64_t batch);

    /// Scalars that regularizers added.
    const std::vector<ValueId>& losses() const { return losses_; }
    const LayerValues& values() const { return values_; }
    /// The graph was rewritten: where each of its values is now.
    void follow(const std::vector<ValueId>& moved);

    ValueId variable(lm_graph& graph, const lm_variable_desc& desc) override;
    void assign(lm_graph& graph, ValueId variable, ValueId value) override;
    void add_loss(lm_graph& graph, ValueId scalar) override;
    std::vector<ValueId> apply(lm_graph& graph, const std::string& kind,
                               const std::string& class_name, const std::string& name,
                               const std::string& config,
                               const std::vector<ValueId>& inputs) override;

  private:
    ValueId graph_input(const LayerSpec& layer, int64_t batch);

    Graph& graph_;
    int32_t mode_;
    bool trainable_ = true;
    std::string layer_;
    std::vector<ValueId> losses_;
    LayerValues values_;
};

/// Splits a part's specification, a name or {"class_name", "config"}, into the registered name and
/// its configuration.
std::pair<std::string, Json> part_spec(const Json& spec);

/// Whether a part is registered under this name, in whichever spelling.
bool has_part(const std::string& kind, const std::string& class_name);

/// The configuration without what Keras writes for every part and no schema has to know. An
/// activity regularizer belongs to the layer's own schema when that declares it.
Json without_common_keys(const Json& config, const Json& schema);

/// The schema of a registered graph function.
Json part_schema(const std::string& kind, const std::string& class_name);

/// Applies a graph function by kind and name to values. Throws Error(NotFound) with the nearest
/// name, or UsageError for a wrong configuration. extra: keys that the engine adds behind the
/// schema's back ("_shape").
std::vector<ValueId> apply_part(lm_graph& graph, const std::string& kind, const Json& spec,
                                const std::vector<ValueId>& inputs,
                                const Json& extra = Json::object());

} // namespace lamina
