#include "lamina/executable.hpp"

#include <fmt/format.h>

#include "graph/node_desc.hpp"
#include "graph/operators.hpp"
#include "passes/passes.hpp"
#include "plugins/host.hpp"
#include "runtime/program_desc.hpp"

namespace lamina {

std::shared_ptr<Buffer> VariableStore::require(const std::string& name, const TensorType& type) {
    auto [it, added] = entries_.try_emplace(name);
    if (added) {
        it->second.type = type;
        it->second.buffer =
            device_->allocate(static_cast<uint64_t>(type.bytes()), LM_SLOT_VARIABLE);
    } else if (!(it->second.type == type)) {
        throw ShapeError(fmt::format("variable {} is {}, the graph wants {}", name,
                                     it->second.type.to_string(), type.to_string()));
    }
    return it->second.buffer;
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

namespace {

std::vector<Selection> describe(const Device& device, const Graph& graph, const Node& node) {
    const auto desc = describe_node(graph, node);
    std::vector<Selection> out;
    const auto emit = [](void* context, const lm_candidate* c) {
        static_cast<std::vector<Selection>*>(context)->push_back(
            {c->name, c->seconds, c->workspace_bytes, c->in_place,
             c->numerics == nullptr ? "" : c->numerics});
    };
    call(device.table().describe, device.raw(), &desc->desc(), &out, emit);
    return out;
}

[[noreturn]] void refuse(const Device& device, const Node& node, StatusCode code,
                         const std::string& reason) {
    fail(code,
         fmt::format("backend {} cannot run operator {}{}: {}", device.backend(), node.op,
                     node.layer.empty() ? "" : fmt::format(" of layer {}", node.layer), reason));
}

/// The first candidate, or the one that the user named for this operator.
Selection select(const Device& device, const Graph& graph, const Node& node) {
    std::vector<Selection> candidates;
    try {
        candidates = describe(device, graph, node);
    } catch (const Error& e) {
        refuse(device, node, e.code(), e.what());
    }
    if (candidates.empty())
        refuse(device, node, StatusCode::Unsupported, "it has no kernel for this case");
    const std::string forced = device.forced(node.op);
    if (forced.empty())
        return candidates[0];
    std::string names;
    for (const Selection& c : candidates) {
        if (c.candidate == forced)
            return c;
        names += (names.empty() ? "" : ", ") + c.candidate;
    }
    refuse(device, node, StatusCode::Unsupported,
           fmt::format("the kernel `{}` was asked for; here there are: {}", forced, names));
}

std::vector<Selection> select_all(const Device& device, const Graph& graph) {
    std::vector<Selection> out(graph.nodes().size());
    for (size_t id = 0; id < graph.nodes().size(); ++id) {
        const Node& node = graph.nodes()[id];
        if (!node.is_leaf() && !find_operator(node.op)->view())
            out[id] = select(device, graph, node);
    }
    return out;
}

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

MemoryUse as_memory_use(const MemoryByKind& m) {
    return {m.weights, m.slots, m.gradients, m.activations, m.workspace, m.constants, m.inputs};
}

} // namespace

struct Executable::State {
    Graph graph;
    std::shared_ptr<VariableStore> variables;
    std::vector<Selection> selections;
    MemoryPlan plan;
    std::vector<std::shared_ptr<Buffer>> buffers; // by slot
    std::vector<lm_buffer*> raw_buffers;
    std::vector<StepInfo> steps;
    lm_program* program = nullptr;

    Device& device() const { return *variables->device(); }
    const lm_backend& table() const { return device().table(); }

    State(Graph g, std::shared_ptr<VariableStore> v, const CompileOptions& options)
        : variables(std::move(v)) {
        graph = prepare(std::move(g), device(), options);
        selections = select_all(device(), graph);
        plan = plan_memory(graph, selections, device().info().alignment);
        build_program();
        allocate();
        write_constants();
    }
    ~State() {
        if (program != nullptr)
            table().program_destroy(program);
    }

    void build_program() {
        const ProgramDescription description(
            graph, plan, selections,
            [&](const Graph& gr, const Node& n) { return select(device(), gr, n); });
        steps = description.steps();
        call(table().program_create, device().raw(), &description.desc(), &program);
    }

    void allocate() {
        static constexpr int32_t kinds[] = {LM_SLOT_ARENA, LM_SLOT_VARIABLE, LM_SLOT_CONSTANT,
                                            LM_SLOT_INPUT, LM_SLOT_OUTPUT};
        for (const Slot& slot : plan.slots) {
            if (slot.kind == SlotKind::Arena)
                buffers.push_back(nullptr); // bound at each run
            else if (slot.kind == SlotKind::Variable)
                buffers.push_back(
                    variables->require(slot.name, graph.variables()[slot.index].type));
            else
                buffers.push_back(
                    device().allocate(slot.bytes, kinds[static_cast<size_t>(slot.kind)]));
            raw_buffers.push_back(buffers.back() ? buffers.back()->raw() : nullptr);
        }
    }

    /// The arena is bound anew each time: another program may have made it grow.
    lm_buffer* const* bound() {
        const auto arena = variables->arena(plan.slots[0].bytes);
        raw_buffers[0] = arena->raw();
        return raw_buffers.data();
    }

    void write_constants() {
        for (const auto& [value, offset] : plan.constants) {
            const Tensor& data = graph.constant(value);
            if (data.bytes() > 0)
                buffers[1]->write(data.raw(), data.bytes(), offset);
        }
    }

    void write_inputs(const std::map<std::string, Tensor>& inputs) {
        for (size_t i = 0; i < plan.slots.size(); ++i) {
            const Slot& slot = plan.slots[i];
            if (slot.kind != SlotKind::Input)
                continue;
            const auto it = inputs.find(slot.name);
            if (it == inputs.end())
                fail(StatusCode::InvalidArgument,
                     fmt::format("input `{}` was not given", slot.name));
            const TensorType& wanted = graph.type(graph.inputs()[slot.index].second);
            const TensorType got{it->second.dtype(), it->second.shape()};
            if (!(got == wanted))
                throw ShapeError(fmt::format("input `{}`: expected {}, got {}", slot.name,
                                             wanted.to_string(), got.to_string()));
            if (it->second.bytes() > 0)
                buffers[i]->write(it->second.raw(), it->second.bytes());
        }
    }

    std::map<std::string, Tensor> read_outputs() const {
        std::map<std::string, Tensor> out;
        for (size_t i = 0; i < plan.slots.size(); ++i) {
            const Slot& slot = plan.slots[i];
            if (slot.kind != SlotKind::Output)
                continue;
            const TensorType& type = graph.type(graph.outputs()[slot.index].second);
            Tensor value = Tensor::uninitialized(type.dtype, type.shape);
            if (value.bytes() > 0)
                buffers[i]->read(value.raw(), value.bytes());
            out.emplace(slot.name, std::move(value));
        }
        return out;
    }
};

Executable::Executable(Graph graph, std::shared_ptr<VariableStore> variables,
                       const CompileOptions& options)
    : state_(std::make_unique<State>(std::move(graph), std::move(variables), options)) {}

Executable::~Executable() = default;

std::map<std::string, Tensor> Executable::run(const std::map<std::string, Tensor>& inputs) {
    State& s = *state_;
    s.write_inputs(inputs);
    lm_token token = 0;
    call(s.table().submit, s.program, s.bound(), lm_token{0}, &token);
    call(s.table().wait, s.device().raw(), token);
    return s.read_outputs();
}

const Graph& Executable::graph() const { return state_->graph; }
MemoryUse Executable::memory() const { return as_memory_use(state_->plan.peak); }
std::vector<StepInfo> Executable::steps() const { return state_->steps; }

std::vector<double> Executable::profile(const std::map<std::string, Tensor>& inputs) {
    State& s = *state_;
    s.write_inputs(inputs);
    std::vector<double> seconds(s.steps.size());
    call(s.table().profile, s.program, s.bound(), seconds.data());
    return seconds;
}

MemoryUse plan_only(Graph graph, Device& device, const CompileOptions& options) {
    const Graph prepared = prepare(std::move(graph), device, options);
    return as_memory_use(
        plan_memory(prepared, select_all(device, prepared), device.info().alignment).peak);
}

} // namespace lamina
