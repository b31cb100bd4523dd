#include "lamina/executable.hpp"

#include <deque>

#include <fmt/format.h>

#include "passes/passes.hpp"
#include "runtime/compiled_segment.hpp"

namespace lamina {

std::shared_ptr<Buffer> VariableStore::require(const std::string& name, const TensorType& type) {
    const auto known = entries_.find(name);
    if (known == entries_.end()) {
        auto buffer = device_->allocate(static_cast<uint64_t>(type.bytes()), LM_SLOT_VARIABLE);
        return entries_.emplace(name, Entry{type, std::move(buffer)}).first->second.buffer;
    }
    if (!(known->second.type == type))
        throw ShapeError(fmt::format("variable {} is {}, the graph wants {}", name,
                                     known->second.type.to_string(), type.to_string()));
    return known->second.buffer;
}

const VariableStore::Entry& VariableStore::entry(const std::string& name) const {
    const auto it = entries_.find(name);
    if (it == entries_.end())
        fail(StatusCode::NotFound, fmt::format("no variable is named `{}`", name));
    return it->second;
}

Tensor VariableStore::read(const std::string& name) const {
    const Entry& e = entry(name);
    Tensor out = Tensor::uninitialized(e.type.dtype, e.type.shape);
    e.buffer->read(out.raw(), out.bytes());
    return out;
}

void VariableStore::write(const std::string& name, const Tensor& value) {
    const Entry& e = entry(name);
    if (!(e.type == TensorType{value.dtype(), value.shape()}))
        throw ShapeError(fmt::format("variable {} is {}, the value is {}", name, e.type.to_string(),
                                     TensorType{value.dtype(), value.shape()}.to_string()));
    e.buffer->write(value.raw(), value.bytes());
}

const TensorType& VariableStore::type(const std::string& name) const { return entry(name).type; }

std::vector<std::string> VariableStore::names() const {
    std::vector<std::string> out;
    for (const auto& [name, e] : entries_)
        out.push_back(name);
    return out;
}

std::shared_ptr<Buffer> VariableStore::arena(uint64_t bytes) {
    if (arena_ == nullptr || arena_->bytes() < bytes) {
        arena_.reset(); // first, so that both are never there at once
        arena_ = device_->allocate(bytes, LM_SLOT_ARENA);
    }
    return arena_;
}

uint64_t VariableStore::bytes() const {
    uint64_t sum = arena_ == nullptr ? 0 : arena_->bytes();
    for (const auto& [name, e] : entries_)
        sum += e.buffer->bytes();
    return sum;
}

namespace {

/// Constants are folded by the oracle: the same bits whatever the backend.
std::map<std::string, Tensor> evaluate_on_reference(Graph graph) {
    auto variables = std::make_shared<VariableStore>(Device::open("reference"));
    return Executable(std::move(graph), std::move(variables), {.optimize = false}).run({});
}

Graph prepare(Graph graph, const Device& device, const CompileOptions& options) {
    if (!options.optimize)
        return graph;
    const auto candidates = [&](const Graph& g, const Node& node) -> std::vector<Selection> {
        try {
            return describe(device, g, node);
        } catch (const Error&) {
            return {};
        }
    };
    return optimize(std::move(graph), candidates, evaluate_on_reference);
}

struct PlanOnDevice {
    size_t device;
    MemoryPlan plan;
};

/// Weights and slots are shared by the parts, and so is the arena by those of one device.
MemoryUse memory_of(const Graph& graph, const std::vector<PlanOnDevice>& plans) {
    MemoryUse use;
    std::map<size_t, const MemoryPlan*> largest;
    for (const Variable& v : graph.variables())
        (v.kind == VariableKind::Slot ? use.optimizer_slots : use.weights) +=
            static_cast<uint64_t>(v.type.bytes());
    for (const auto& [device, plan] : plans) {
        use.constants += plan.peak.constants;
        use.inputs += plan.peak.inputs;
        const MemoryPlan*& most = largest[device];
        if (most == nullptr || plan.slots[0].bytes > most->slots[0].bytes)
            most = &plan;
    }
    for (const auto& [device, plan] : largest) {
        use.gradients += plan->peak.gradients;
        use.activations += plan->peak.activations;
        use.workspace += plan->peak.workspace;
    }
    return use;
}

std::vector<ProgramPart> describe_parts(const Devices& devices, const Graph& graph,
                                        const Placement& placement, const Partition& cut) {
    std::map<std::string, std::string> reasons;
    for (size_t id = 0; id < graph.nodes().size(); ++id)
        reasons[graph.nodes()[id].name] = placement.reasons[id];
    std::vector<ProgramPart> out;
    for (const Segment& segment : cut.segments) {
        if (segment.prepares)
            continue;
        ProgramPart& part = out.emplace_back();
        part.backend = devices[segment.device]->backend();
        for (const Node& node : segment.graph.nodes())
            if (!node.is_leaf())
                part.operators.push_back({node.op, node.name, reasons[node.name]});
    }
    return out;
}

Devices all_devices(const std::shared_ptr<Device>& first, const CompileOptions& options) {
    Devices out{first};
    out.insert(out.end(), options.fallbacks.begin(), options.fallbacks.end());
    return out;
}

} // namespace

struct Executable::State {
    Graph graph;
    std::shared_ptr<VariableStore> variables;
    std::vector<std::unique_ptr<CompiledSegment>> segments;
    size_t first = 0;            // segment of every run; the one before it prepares
    std::vector<size_t> devices; // by segment
    std::vector<ProgramPart> descriptions;
    std::vector<Partition::Transfer> reads, writes;
    std::vector<StepInfo> steps;
    // Of runs in several segments, which end before submit() returns; the oldest first.
    std::deque<std::map<std::string, Tensor>> ended;

    State(Graph g, std::shared_ptr<VariableStore> v, const CompileOptions& options)
        : variables(std::move(v)) {
        graph = prepare(std::move(g), *variables->device(), options);
        const Devices all = all_devices(variables->device(), options);
        const Placement placement = place(all, graph, options.plan.get());
        Partition cut = partition(graph, placement);
        descriptions = describe_parts(all, graph, placement, cut);
        build(std::move(cut.segments), all);
        // Those that only segments of other devices name live here as well.
        for (const Variable& variable : graph.variables())
            variables->require(variable.name, variable.type);
        connect(cut.crossings);
        reads = std::move(cut.reads);
        writes = std::move(cut.writes);
    }

    void build(std::vector<Segment> cut, const Devices& all) {
        std::map<size_t, std::shared_ptr<VariableStore>> stores{{0, variables}};
        for (Segment& segment : cut) {
            auto& store = stores[segment.device];
            if (!store)
                store = std::make_shared<VariableStore>(all[segment.device]);
            devices.push_back(segment.device);
            const bool prepares = segment.prepares;
            segments.push_back(std::make_unique<CompiledSegment>(std::move(segment), store));
            if (prepares) {
                first = segments.size();
                continue;
            }
            steps.insert(steps.end(), segments.back()->steps().begin(),
                         segments.back()->steps().end());
        }
    }

    /// What stays on its device is read where it was made.
    void connect(const std::vector<Partition::Crossing>& crossings) {
        for (const Partition::Crossing& c : crossings) {
            bool leaves = false;
            for (const size_t to : c.to) {
                if (devices[to] == devices[c.from])
                    segments[to]->join(c.name, *segments[c.from]);
                else
                    leaves = true;
            }
            if (!leaves)
                segments[c.from]->keep(c.name);
        }
    }

    /// The one segment is all there is to a run: nothing to do for the host when it has ended.
    bool whole() const { return segments.size() == first + 1 && reads.empty() && writes.empty(); }
    CompiledSegment& only() const { return *segments[first]; }
    size_t under_way() const { return whole() ? only().under_way() : ended.size(); }

    /// What depends on variables alone, where it is out of date.
    void prepare_again() {
        if (first == 0 || !segments[0]->is_stale())
            return;
        std::map<std::string, Tensor> none;
        segments[0]->start(none);
        segments[0]->finish(none);
    }

    void expect_idle() const {
        if (under_way() > 0)
            fail(StatusCode::InvalidArgument,
                 "the program has runs under way that were not collected");
    }

    /// Every segment in turn, by `run_segment`; gives the outputs by name.
    template <class RunSegment>
    std::map<std::string, Tensor> run(const std::map<std::string, Tensor>& inputs,
                                      const RunSegment& run_segment) {
        std::map<std::string, Tensor> values = inputs;
        for (const Partition::Transfer& t : reads)
            values[t.name] = variables->read(t.variable);
        prepare_again();
        for (size_t i = first; i < segments.size(); ++i)
            run_segment(*segments[i], values);
        for (const Partition::Transfer& t : writes)
            variables->write(t.variable, values.at(t.name));
        return outputs(values);
    }

    std::map<std::string, Tensor> outputs(std::map<std::string, Tensor>& values) const {
        std::map<std::string, Tensor> outputs;
        for (const auto& [name, value] : graph.outputs())
            outputs.emplace(name, std::move(values.at(name)));
        return outputs;
    }
};

Executable::Executable(Graph graph, std::shared_ptr<VariableStore> variables,
                       const CompileOptions& options)
    : state_(std::make_unique<State>(std::move(graph), std::move(variables), options)) {}

Executable::~Executable() = default;

std::map<std::string, Tensor> Executable::run(const std::map<std::string, Tensor>& inputs) {
    state_->expect_idle();
    submit(inputs);
    return collect();
}

void Executable::submit(const std::map<std::string, Tensor>& inputs) {
    State& s = *state_;
    if (s.whole()) {
        s.prepare_again();
        s.only().start(inputs);
    } else {
        s.ended.push_back(s.run(inputs, [](CompiledSegment& segment, auto& values) {
            segment.start(values);
            segment.finish(values);
        }));
    }
}

std::map<std::string, Tensor> Executable::collect() {
    State& s = *state_;
    if (s.under_way() == 0)
        fail(StatusCode::InvalidArgument, "no run of the program is under way");
    std::map<std::string, Tensor> outputs;
    if (s.whole()) {
        s.only().finish(outputs);
        return outputs;
    }
    outputs = std::move(s.ended.front());
    s.ended.pop_front();
    return outputs;
}

bool Executable::oldest_ended() const {
    const State& s = *state_;
    return s.whole() ? s.only().oldest_ended() : !s.ended.empty();
}

void Executable::release_spare() {
    for (const auto& segment : state_->segments)
        segment->release_spare();
}

const Graph& Executable::graph() const { return state_->graph; }
std::vector<StepInfo> Executable::steps() const { return state_->steps; }
const std::vector<ProgramPart>& Executable::parts() const { return state_->descriptions; }

MemoryUse Executable::memory() const {
    std::vector<PlanOnDevice> plans;
    for (size_t i = 0; i < state_->segments.size(); ++i)
        plans.push_back({state_->devices[i], state_->segments[i]->plan()});
    return memory_of(state_->graph, plans);
}

std::vector<double> Executable::profile(const std::map<std::string, Tensor>& inputs) {
    state_->expect_idle();
    std::vector<double> seconds;
    state_->run(inputs,
                [&](CompiledSegment& segment, auto& values) { segment.profile(values, seconds); });
    return seconds;
}

std::vector<std::shared_ptr<Device>> open_fallbacks(const std::string& backend) {
    std::vector<std::shared_ptr<Device>> out;
    for (const char* name : {"openblas", "reference"})
        if (backend != name && Registry::global().has("backend", name))
            out.push_back(Device::open(name));
    return out;
}

MemoryUse plan_only(Graph graph, Device& device, const CompileOptions& options) {
    const Graph prepared = prepare(std::move(graph), device, options);
    const Devices all = all_devices(device.shared_from_this(), options);
    const Partition cut = partition(prepared, place(all, prepared, options.plan.get()));
    std::vector<PlanOnDevice> plans;
    for (const Segment& s : cut.segments)
        plans.push_back(
            {s.device, plan_memory(s.graph, s.selections, all[s.device]->info().alignment)});
    return memory_of(prepared, plans);
}

} // namespace lamina
