#include "runtime/compiled_segment.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

#include "plugins/host.hpp"
#include "runtime/program_desc.hpp"

namespace lamina {

CompiledSegment::CompiledSegment(Segment segment, std::shared_ptr<VariableStore> variables)
    : segment_(std::move(segment)), variables_(std::move(variables)),
      program_(nullptr, table().program_destroy) {
    plan_ = plan_memory(segment_.graph, segment_.selections, device().info().alignment);
    build_program();
    allocate_shared();
    write_constants();
    spare_.push_back(make_run());
    variables_->arena(plan_.slots[0].bytes); // too much for the device shows here, not in a run
}

void CompiledSegment::build_program() {
    const ProgramDescription description(
        segment_.graph, plan_, segment_.selections,
        [&](const Graph& g, const Node& n) { return select(device(), g, n); });
    steps_ = description.steps();
    for (StepInfo& step : steps_)
        step.backend = device().backend();
    lm_program* made = nullptr;
    call(table().program_create, device().raw(), &description.desc(), &made);
    program_.reset(made);
}

namespace {

bool is_own(SlotKind kind) { return kind == SlotKind::Input || kind == SlotKind::Output; }

int32_t slot_kind(SlotKind kind) {
    static constexpr int32_t kinds[] = {LM_SLOT_ARENA, LM_SLOT_VARIABLE, LM_SLOT_CONSTANT,
                                        LM_SLOT_INPUT, LM_SLOT_OUTPUT};
    return kinds[static_cast<size_t>(kind)];
}

} // namespace

void CompiledSegment::allocate_shared() {
    for (const Slot& slot : plan_.slots) {
        const Graph& graph = segment_.graph;
        if (slot.kind == SlotKind::Input)
            inputs_.push_back(
                {shared_.size(), slot.name, graph.type(graph.inputs()[slot.index].second)});
        if (slot.kind == SlotKind::Output)
            outputs_.push_back(
                {shared_.size(), slot.name, graph.type(graph.outputs()[slot.index].second)});
        if (slot.kind == SlotKind::Variable &&
            segment_.graph.variables()[slot.index].update != kNone)
            updated_.push_back(shared_.size());
        if (slot.kind == SlotKind::Variable)
            shared_.push_back(
                variables_->require(slot.name, segment_.graph.variables()[slot.index].type));
        else if (slot.kind == SlotKind::Constant)
            shared_.push_back(device().allocate(slot.bytes, slot_kind(slot.kind)));
        else
            shared_.push_back(nullptr);
    }
    seen_.resize(plan_.slots.size());
}

CompiledSegment::Run CompiledSegment::make_run() const {
    Run run;
    for (size_t i = 0; i < plan_.slots.size(); ++i) {
        const Slot& slot = plan_.slots[i];
        const bool own = is_own(slot.kind) && shared_[i] == nullptr;
        run.own.push_back(own ? device().allocate(slot.bytes, slot_kind(slot.kind)) : nullptr);
        const auto& buffer = own ? run.own.back() : shared_[i];
        run.bound.push_back(buffer ? buffer->raw() : nullptr);
    }
    return run;
}

/// At the end of those under way.
CompiledSegment::Run& CompiledSegment::next_run() {
    if (spare_.empty())
        spare_.push_back(make_run());
    under_way_.splice(under_way_.end(), spare_, spare_.begin());
    Run& run = under_way_.back();
    // The arena is bound anew each time: another program may have made it grow.
    run.bound[0] = variables_->arena(plan_.slots[0].bytes)->raw();
    return run;
}

void CompiledSegment::give_back(std::list<Run>::iterator run) {
    run->held.clear();
    spare_.splice(spare_.end(), under_way_, run);
}

void CompiledSegment::release_spare() {
    while (spare_.size() + std::min<size_t>(under_way_.size(), 1) > 1)
        spare_.pop_back();
}

void CompiledSegment::write_constants() {
    for (const auto& [value, offset] : plan_.constants) {
        const Tensor& data = segment_.graph.constant(value);
        if (data.bytes() > 0)
            shared_[1]->write(data.raw(), data.bytes(), offset);
    }
}

size_t CompiledSegment::slot(SlotKind kind, const std::string& name) const {
    for (size_t i = 0; i < plan_.slots.size(); ++i)
        if (plan_.slots[i].kind == kind && plan_.slots[i].name == name)
            return i;
    fail(StatusCode::Internal, fmt::format("a program has no slot `{}`", name));
}

void CompiledSegment::join(const std::string& name, const CompiledSegment& maker) {
    // Programs of several segments have one run at a time.
    const size_t here = slot(SlotKind::Input, name);
    shared_[here] = maker.spare_.front().own[maker.slot(SlotKind::Output, name)];
    spare_.front().own[here] = nullptr;
    spare_.front().bound[here] = shared_[here]->raw();
    std::erase_if(inputs_, [&](const HostSlot& s) { return s.slot == here; });
}

void CompiledSegment::keep(const std::string& name) {
    std::erase_if(outputs_, [&](const HostSlot& s) { return s.name == name; });
}

/// Returns the token that the run has to wait for. Nothing uses the run's buffers.
lm_token CompiledSegment::write_inputs(Run& run,
                                       const std::map<std::string, Tensor>& inputs) const {
    lm_token last = 0;
    for (const auto& [slot, name, type] : inputs_) {
        const auto given = inputs.find(name);
        if (given == inputs.end())
            fail(StatusCode::InvalidArgument, fmt::format("input `{}` was not given", name));
        const Tensor& value = given->second;
        if (value.dtype() != type.dtype || !(value.shape() == type.shape))
            throw ShapeError(fmt::format("input `{}`: expected {}, got {}", name, type.to_string(),
                                         TensorType{value.dtype(), value.shape()}.to_string()));
        if (value.bytes() == 0)
            continue;
        run.held.push_back(value);
        lm_token token = 0;
        call(table().write, device().raw(), run.bound[slot], uint64_t{0}, value.raw(),
             uint64_t{value.bytes()}, lm_token{0}, &token);
        last = token != 0 ? token : last;
    }
    return last;
}

/// What the backend has packed of a variable is out of date.
void CompiledSegment::tell_of_written_variables() {
    const auto tell = table().program_variable_written;
    if (tell == nullptr && !segment_.prepares)
        return;
    for (size_t i = 0; i < plan_.slots.size(); ++i) {
        const SlotKind kind = plan_.slots[i].kind;
        // An input that is shared is what another segment left on the device.
        const bool can_change =
            kind == SlotKind::Variable || (kind == SlotKind::Input && shared_[i] != nullptr);
        if (!can_change || seen_[i] == shared_[i]->version())
            continue;
        if (tell != nullptr)
            tell(program_.get(), static_cast<uint32_t>(i));
        seen_[i] = shared_[i]->version();
    }
}

bool CompiledSegment::is_stale() const {
    for (size_t i = 0; i < plan_.slots.size(); ++i)
        if (plan_.slots[i].kind == SlotKind::Variable && seen_[i] != shared_[i]->version())
            return true;
    return !ran_;
}

void CompiledSegment::note_updates(const Run& run) {
    for (const size_t i : updated_)
        shared_[i]->note_written();
    if (!segment_.prepares)
        return;
    for (size_t i = 0; i < plan_.slots.size(); ++i)
        if (plan_.slots[i].kind == SlotKind::Output)
            run.own[i]->note_written();
}

template <class Use>
void CompiledSegment::with_next_run(const std::map<std::string, Tensor>& inputs, const Use& use) {
    Run& run = next_run();
    try {
        const lm_token written = write_inputs(run, inputs);
        tell_of_written_variables();
        use(run, written);
        note_updates(run);
        ran_ = true;
    } catch (...) {
        give_back(std::prev(under_way_.end()));
        throw;
    }
}

void CompiledSegment::start(const std::map<std::string, Tensor>& inputs) {
    with_next_run(inputs, [&](Run& run, lm_token written) {
        call(table().submit, program_.get(), run.bound.data(), written, &run.token);
        device().set_latest_run(run.token);
    });
}

void CompiledSegment::finish(std::map<std::string, Tensor>& values) {
    try {
        read_outputs(under_way_.front(), values);
    } catch (...) {
        give_back(under_way_.begin());
        throw;
    }
    give_back(under_way_.begin());
}

void CompiledSegment::profile(std::map<std::string, Tensor>& values, std::vector<double>& seconds) {
    with_next_run(values, [&](Run& run, lm_token written) {
        call(table().wait, device().raw(), written);
        const size_t before = seconds.size();
        seconds.resize(before + steps_.size());
        call(table().profile, program_.get(), run.bound.data(), seconds.data() + before);
        run.token = 0;
    });
    finish(values);
}

void CompiledSegment::read_outputs(const Run& run, std::map<std::string, Tensor>& values) const {
    call(table().wait, device().raw(), run.token);
    lm_token last = 0;
    for (const auto& [slot, name, type] : outputs_) {
        Tensor value = Tensor::uninitialized(type.dtype, type.shape);
        lm_token token = 0;
        if (value.bytes() > 0)
            call(table().read, device().raw(), run.bound[slot], uint64_t{0}, value.raw(),
                 uint64_t{value.bytes()}, run.token, &token);
        last = token != 0 ? token : last;
        values.insert_or_assign(name, std::move(value));
    }
    call(table().wait, device().raw(), last);
}

} // namespace lamina
