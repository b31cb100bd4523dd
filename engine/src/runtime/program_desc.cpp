#include "runtime/program_desc.hpp"

#include "graph/node_desc.hpp"
#include "graph/operators.hpp"

namespace lamina {

ProgramDescription::ProgramDescription(
    const Graph& graph, const MemoryPlan& plan, const std::vector<Selection>& selections,
    const std::function<Selection(const Graph&, const Node&)>& select) {
    static constexpr int32_t kinds[] = {LM_SLOT_ARENA, LM_SLOT_VARIABLE, LM_SLOT_CONSTANT,
                                        LM_SLOT_INPUT, LM_SLOT_OUTPUT};
    for (const Slot& slot : plan.slots) {
        slot_names_.push_back(slot.name);
        slots_.push_back(
            {sizeof(lm_slot_desc), kinds[static_cast<size_t>(slot.kind)], slot.bytes, nullptr});
    }
    for (const PlannedStep& step : plan.steps) {
        if (step.node == kNone)
            add_copy(step, graph, select);
        else
            add_step(step, graph, graph.node(step.node),
                     selections[static_cast<size_t>(step.node)]);
    }
    point();
}

uint32_t ProgramDescription::value_at(const Place& place, const lm_tensor_desc* tensor) {
    values_.push_back({sizeof(lm_value_desc), place.slot, place.offset, tensor});
    return static_cast<uint32_t>(values_.size() - 1);
}

void ProgramDescription::add_step(const PlannedStep& planned, const Graph& graph, const Node& node,
                                  const Selection& selection) {
    Step step{
        describe_node(graph, node, selection.kept), selection.candidate, {}, {}, planned.workspace};
    const lm_node_desc& desc = step.node->desc();
    for (size_t i = 0; i < planned.inputs.size(); ++i)
        step.inputs.push_back(value_at(planned.inputs[i], desc.inputs[i]));
    for (size_t i = 0; i < planned.outputs.size(); ++i)
        step.outputs.push_back(value_at(planned.outputs[i], desc.outputs[i]));
    const lm_cost cost = cost_of(graph, node);
    infos_.push_back({node.op, node.name, node.layer, selection.candidate, cost.flops, cost.bytes,
                      "", selection.tuned});
    steps_.push_back(std::move(step));
}

void ProgramDescription::add_copy(
    const PlannedStep& planned, const Graph& graph,
    const std::function<Selection(const Graph&, const Node&)>& select) {
    // A graph of its own holds the copy's node: the planned graph stays as it is.
    const TensorType& type = graph.type(planned.copied);
    Graph copy;
    const ValueId in = copy.add_input("in", type);
    const NodeId id = copy.add_node("copy", graph.producer(planned.copied).name + "/copy",
                                    graph.producer(planned.copied).layer, {in}, {}, {type});
    add_step(planned, copy, copy.node(id), select(copy, copy.node(id)));
}

void ProgramDescription::point() {
    for (size_t i = 0; i < slots_.size(); ++i)
        slots_[i].name = slot_names_[i].c_str();
    for (const Step& s : steps_)
        step_descs_.push_back({sizeof(lm_step_desc), s.workspace.slot, s.workspace.offset,
                               &s.node->desc(), s.candidate.c_str(), s.inputs.data(),
                               s.outputs.data()});
    for (const auto& s : slots_)
        slot_pointers_.push_back(&s);
    for (const auto& v : values_)
        value_pointers_.push_back(&v);
    for (const auto& s : step_descs_)
        step_pointers_.push_back(&s);
    desc_ = {sizeof desc_,   "step",
             slots_.size(),  slot_pointers_.data(),
             values_.size(), value_pointers_.data(),
             steps_.size(),  step_pointers_.data()};
}

} // namespace lamina
