#include "runtime/compiled_segment.hpp"

#include <fmt/format.h>

#include "plugins/host.hpp"
#include "runtime/program_desc.hpp"

namespace lamina {

CompiledSegment::CompiledSegment(Segment segment, std::shared_ptr<VariableStore> variables)
    : segment_(std::move(segment)), variables_(std::move(variables)) {
    plan_ = plan_memory(segment_.graph, segment_.selections, device().info().alignment);
    build_program();
    allocate();
    write_constants();
}

CompiledSegment::~CompiledSegment() {
    if (program_ != nullptr)
        table().program_destroy(program_);
}

void CompiledSegment::build_program() {
    const ProgramDescription description(
        segment_.graph, plan_, segment_.selections,
        [&](const Graph& g, const Node& n) { return select(device(), g, n); });
    steps_ = description.steps();
    for (StepInfo& step : steps_)
        step.backend = device().backend();
    call(table().program_create, device().raw(), &description.desc(), &program_);
}

void CompiledSegment::allocate() {
    static constexpr int32_t kinds[] = {LM_SLOT_ARENA, LM_SLOT_VARIABLE, LM_SLOT_CONSTANT,
                                        LM_SLOT_INPUT, LM_SLOT_OUTPUT};
    for (const Slot& slot : plan_.slots) {
        if (slot.kind == SlotKind::Arena)
            buffers_.push_back(nullptr); // bound at each run
        else if (slot.kind == SlotKind::Variable)
            buffers_.push_back(
                variables_->require(slot.name, segment_.graph.variables()[slot.index].type));
        else
            buffers_.push_back(
                device().allocate(slot.bytes, kinds[static_cast<size_t>(slot.kind)]));
        raw_buffers_.push_back(buffers_.back() ? buffers_.back()->raw() : nullptr);
    }
    seen_.resize(plan_.slots.size());
}

void CompiledSegment::write_constants() {
    for (const auto& [value, offset] : plan_.constants) {
        const Tensor& data = segment_.graph.constant(value);
        if (data.bytes() > 0)
            buffers_[1]->write(data.raw(), data.bytes(), offset);
    }
}

size_t CompiledSegment::slot(SlotKind kind, const std::string& name) const {
    for (size_t i = 0; i < plan_.slots.size(); ++i)
        if (plan_.slots[i].kind == kind && plan_.slots[i].name == name)
            return i;
    fail(StatusCode::Internal, fmt::format("a program has no slot `{}`", name));
}

void CompiledSegment::join(const std::string& name, const CompiledSegment& maker) {
    const size_t here = slot(SlotKind::Input, name);
    buffers_[here] = maker.buffers_[maker.slot(SlotKind::Output, name)];
    raw_buffers_[here] = buffers_[here]->raw();
    joined_.insert(name);
}

void CompiledSegment::write_inputs(const std::map<std::string, Tensor>& values) {
    for (size_t i = 0; i < plan_.slots.size(); ++i) {
        const Slot& slot = plan_.slots[i];
        if (slot.kind != SlotKind::Input || joined_.contains(slot.name))
            continue;
        const auto it = values.find(slot.name);
        if (it == values.end())
            fail(StatusCode::InvalidArgument, fmt::format("input `{}` was not given", slot.name));
        const Tensor& value = it->second;
        const TensorType& wanted = segment_.graph.type(segment_.graph.inputs()[slot.index].second);
        const TensorType got{value.dtype(), value.shape()};
        if (!(got == wanted))
            throw ShapeError(fmt::format("input `{}`: expected {}, got {}", slot.name,
                                         wanted.to_string(), got.to_string()));
        if (value.bytes() > 0)
            buffers_[i]->write(value.raw(), value.bytes());
    }
}

/// The arena is bound anew each time: another program may have made it grow.
lm_buffer* const* CompiledSegment::bound() {
    raw_buffers_[0] = variables_->arena(plan_.slots[0].bytes)->raw();
    return raw_buffers_.data();
}

/// What the backend has packed of a variable is out of date.
void CompiledSegment::tell_of_written_variables() {
    for (size_t i = 0; i < plan_.slots.size(); ++i) {
        if (plan_.slots[i].kind != SlotKind::Variable || seen_[i] == buffers_[i]->version())
            continue;
        table().program_variable_written(program_, static_cast<uint32_t>(i));
        seen_[i] = buffers_[i]->version();
    }
}

void CompiledSegment::note_updates() {
    for (size_t i = 0; i < plan_.slots.size(); ++i) {
        const Slot& slot = plan_.slots[i];
        if (slot.kind == SlotKind::Variable &&
            segment_.graph.variables()[slot.index].update != kNone)
            buffers_[i]->note_written();
    }
}

void CompiledSegment::run() {
    tell_of_written_variables();
    lm_token token = 0;
    call(table().submit, program_, bound(), lm_token{0}, &token);
    call(table().wait, device().raw(), token);
    note_updates();
}

void CompiledSegment::profile(std::vector<double>& seconds) {
    tell_of_written_variables();
    const size_t before = seconds.size();
    seconds.resize(before + steps_.size());
    call(table().profile, program_, bound(), seconds.data() + before);
    note_updates();
}

void CompiledSegment::read_outputs(std::map<std::string, Tensor>& values) const {
    for (size_t i = 0; i < plan_.slots.size(); ++i) {
        const Slot& slot = plan_.slots[i];
        if (slot.kind != SlotKind::Output || kept_.contains(slot.name))
            continue;
        const TensorType& type = segment_.graph.type(segment_.graph.outputs()[slot.index].second);
        Tensor value = Tensor::uninitialized(type.dtype, type.shape);
        if (value.bytes() > 0)
            buffers_[i]->read(value.raw(), value.bytes());
        values.insert_or_assign(slot.name, std::move(value));
    }
}

} // namespace lamina
