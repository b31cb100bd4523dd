#include "model/model_state.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/log.hpp"
#include "model/loss_scale.hpp"
#include "model/memory_advice.hpp"

namespace lamina {

namespace {

/// A training step, its last, smaller batch, evaluation and its last batch, and as many again for
/// another batch size: what a program takes in memory is the graph, constants and recorded
/// commands.
constexpr size_t kMostPrograms = 8;

/// Runs `make`, and says with an operator that the device refuses what the precision asks of it.
void with_precision_advice(Precision precision, const Device& device,
                           const std::function<void()>& make) {
    try {
        make();
    } catch (const Error& e) {
        if (e.code() != StatusCode::Unsupported || precision == Precision::Float32)
            throw;
        fail(e.code(),
             fmt::format("{}\n  hint: --precision {} stores values in 16 bits, which {} ({}) may "
                         "not know; --precision float32 asks less of it",
                         e.what(), lamina::name(precision), device.backend(), device.info().name));
    }
}

bool is_slot(const std::string& variable) { return variable.starts_with("optimizer/"); }

/// What a new optimizer begins without.
bool is_optimizer_state(const std::string& variable) {
    const auto& names = LossScale::kVariables;
    return is_slot(variable) || std::find(names.begin(), names.end(), variable) != names.end();
}

} // namespace

VariableStore& Model::State::variables() {
    if (!store)
        store = std::make_shared<VariableStore>(Device::open(backend));
    return *store;
}

StepGraph Model::State::build(Mode mode, int64_t batch, const SampleFormat& format) const {
    switch (mode) {
    case Mode::Train:
        return training_graph(architecture, training, format, batch, precision);
    case Mode::Evaluate:
        return evaluation_graph(architecture, training, format, batch, precision);
    default:
        return prediction_graph(architecture, format, batch, precision);
    }
}

std::shared_ptr<const TunedPlan> Model::State::tuned_plan() {
    if (tuned && !plan_)
        plan_ = std::make_shared<TunedPlan>(TunedPlan::load(*variables().device()));
    return tuned ? plan_ : nullptr;
}

CompileOptions Model::State::compile_options() {
    CompileOptions options;
    options.plan = tuned_plan();
    if (fallback == Fallback::Allowed)
        options.fallbacks = open_fallbacks(variables().device()->backend());
    return options;
}

CompiledStep Model::State::compiled(Mode mode, int64_t batch, const SampleFormat& format) {
    const Key key{mode, batch, format};
    const auto had = std::find_if(programs_.begin(), programs_.end(),
                                  [&](const auto& entry) { return entry.first == key; });
    if (had != programs_.end()) {
        programs_.splice(programs_.begin(), programs_, had);
        return had->second;
    }
    StepGraph step = build(mode, batch, format);
    if (mode == Mode::Train)
        stated_learning_rate = step.learning_rate;
    variables();
    for (const auto& [other, program] : programs_)
        program.executable->release_spare();
    CompiledStep compiled{nullptr, std::move(step.metrics)};
    with_memory_advice(*this, mode, batch, format, [&] {
        with_precision_advice(precision, *store->device(), [&] {
            compiled.executable =
                std::make_shared<Executable>(std::move(step.graph), store, compile_options());
        });
    });
    tell_where_it_runs(*compiled.executable);
    programs_.emplace_front(key, compiled);
    if (programs_.size() > kMostPrograms)
        programs_.pop_back();
    return compiled;
}

void Model::State::tell_where_it_runs(const Executable& program) {
    if (program.parts().size() < 2)
        return;
    std::string text = fmt::format("the program runs in {} parts:", program.parts().size());
    for (const ProgramPart& part : program.parts()) {
        text += fmt::format("\n  {}: {} to {} ({} operators)", part.backend,
                            part.operators.front().name, part.operators.back().name,
                            part.operators.size());
        for (const ProgramPart::Operator& o : part.operators)
            if (!o.reason.empty())
                text += fmt::format("\n    {} ({}), because {}", o.name, o.op, o.reason);
    }
    if (told_.insert(text).second)
        log_warning(text);
}

void Model::State::initialize(const Graph& graph, uint64_t seed) {
    std::vector<Variable> missing;
    for (const Variable& v : graph.variables()) {
        variables().require(v.name, v.type);
        if (has_value_[v.name])
            continue;
        if (const auto it = waiting.find(v.name); it != waiting.end()) {
            store->write(v.name, it->second);
            waiting.erase(it);
        } else {
            missing.push_back(v);
        }
        has_value_[v.name] = true;
    }
    if (missing.empty())
        return;
    Executable program(initialization_graph(missing), store, compile_options());
    program.run(
        {{"rng_state", Tensor::from(std::vector<int64_t>{static_cast<int64_t>(seed), 0, 0})}});
}

const std::vector<Variable>& Model::State::model_variables() const {
    if (!model_variables_)
        model_variables_ = prediction_graph(architecture, {}, 1).graph.variables();
    return *model_variables_;
}

bool Model::State::has_value(const std::string& name) const {
    const auto has = has_value_.find(name);
    return waiting.contains(name) || (store && has != has_value_.end() && has->second);
}

Tensor Model::State::value_of(const std::string& name) const {
    if (const auto it = waiting.find(name); it != waiting.end())
        return it->second;
    if (!has_value(name))
        fail(StatusCode::NotFound, fmt::format("variable `{}` has no value yet", name));
    return store->read(name);
}

void Model::State::set_waiting(const std::string& name, const Tensor& value) {
    if (store && store->has(name)) {
        store->write(name, value);
        has_value_[name] = true;
    } else {
        waiting[name] = value.clone();
    }
}

std::vector<std::string> Model::State::slot_names() const {
    std::vector<std::string> out;
    for (const auto& [name, has] : has_value_)
        if (has && is_slot(name))
            out.push_back(name);
    for (const auto& [name, value] : waiting)
        if (is_slot(name))
            out.push_back(name);
    return out;
}

std::vector<std::string> Model::State::loss_scale_names() const {
    const auto& names = LossScale::kVariables;
    if (!has_value(names.front()))
        return {};
    return {names.begin(), names.end()};
}

uint64_t Model::State::applied_iterations() const {
    if (!has_value(LossScale::kSkippedSteps))
        return iterations;
    return iterations - static_cast<uint64_t>(value_of(LossScale::kSkippedSteps).item<float>());
}

void Model::State::forget_optimizer() {
    drop_waiting_slots();
    std::erase_if(has_value_, [](const auto& v) { return is_optimizer_state(v.first); });
    iterations = 0;
    learning_rate.reset();
}

void Model::State::drop_waiting_slots() {
    std::erase_if(waiting, [](const auto& v) { return is_optimizer_state(v.first); });
}

} // namespace lamina
