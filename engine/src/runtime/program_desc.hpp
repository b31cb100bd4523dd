/// A planned graph as the ABI's lm_program_desc.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "lamina/executable.hpp"
#include "lamina/plugin/owned_node.hpp"
#include "passes/plan_memory.hpp"

namespace lamina {

/// Owns all that the description points to.
class ProgramDescription {
  public:
    /// select chooses the kernel of the copies that the plan adds at the end of the step.
    ProgramDescription(const Graph& graph, const MemoryPlan& plan,
                       const std::vector<Selection>& selections,
                       const std::function<Selection(const Graph&, const Node&)>& select);

    const lm_program_desc& desc() const { return desc_; }
    const std::vector<StepInfo>& steps() const { return infos_; }

  private:
    uint32_t value_at(const Place& place, const lm_tensor_desc* tensor);
    void add_step(const PlannedStep& step, const Graph& graph, const Node& node,
                  const Selection& selection);
    void add_copy(const PlannedStep& step, const Graph& graph,
                  const std::function<Selection(const Graph&, const Node&)>& select);
    void point();

    struct Step {
        std::unique_ptr<plugin::OwnedNode> node;
        std::string candidate;
        std::vector<uint32_t> inputs, outputs;
        Place workspace;
    };

    std::vector<lm_slot_desc> slots_;
    std::vector<std::string> slot_names_;
    std::vector<lm_value_desc> values_;
    std::vector<Step> steps_;
    std::vector<lm_step_desc> step_descs_;
    std::vector<const lm_slot_desc*> slot_pointers_;
    std::vector<const lm_value_desc*> value_pointers_;
    std::vector<const lm_step_desc*> step_pointers_;
    std::vector<StepInfo> infos_;
    lm_program_desc desc_{};
};

} // namespace lamina
