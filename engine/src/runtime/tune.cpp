#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>

#include "graph/operators.hpp"
#include "lamina/error.hpp"
#include "lamina/executable.hpp"
#include "lamina/tuning.hpp"
#include "runtime/select.hpp"

namespace lamina {

namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
// What a kernel must save before it displaces the cost model's: less is noise.
constexpr double kWorthwhile = 0.05;
// Longer measurements of a kernel say no more.
constexpr double kSecondsOfRuns = 0.2;
// A kernel that is so much slower than the best one in its first run is not run again.
constexpr double kHopeless = 2;

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// Ordinary numbers between 0 and 1; zeros where numbers are counts or indices.
Tensor filled(const TensorType& type) {
    if (type.dtype == DType::I64 || type.dtype == DType::I32 || type.dtype == DType::Bool)
        return Tensor::zeros(type.dtype, type.shape);
    std::vector<float> values(static_cast<size_t>(type.shape.elements()));
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<float>(i * 7 % 32) / 32;
    return Tensor::from(values, type.shape).cast(type.dtype);
}

/// A node of a graph as a graph of its own, with operands of the same kinds.
class Alone {
  public:
    Alone(const Graph& graph, const Node& node) {
        std::map<ValueId, ValueId> made;
        std::vector<ValueId> operands;
        for (const ValueId v : node.inputs) {
            if (!made.contains(v))
                made[v] = operand(graph, v);
            operands.push_back(made[v]);
        }
        std::vector<TensorType> types;
        for (const ValueId v : node.outputs)
            types.push_back(graph.type(v));
        const NodeId id =
            graph_.add_node(node.op, node.name, node.layer, std::move(operands), node.attrs, types);
        graph_.hold(find_operator(node.op));
        for (const ValueId v : graph_.node(id).outputs)
            graph_.add_output("y" + std::to_string(graph_.outputs().size()), v);
    }

    /// The least seconds of several runs; infinite where the kernel finds no memory, none where
    /// the time runs out.
    std::optional<double> time(const std::shared_ptr<Device>& device, const TunedPlan& kernel,
                               double best, const TuningBounds& bounds, double deadline) const {
        try {
            return time_or_throw(device, kernel, best, bounds, deadline);
        } catch (const Error& e) {
            if (e.code() != StatusCode::OutOfMemory)
                throw;
            return kNever;
        }
    }

  private:
    ValueId operand(const Graph& graph, ValueId v) {
        const Node& producer = graph.producer(v);
        const TensorType& type = graph.type(v);
        if (producer.op == "constant")
            return graph_.add_constant(graph.constant(v));
        if (producer.op == "variable") {
            Variable variable = *graph.variable_of(v);
            variable.update = kNone;
            return graph_.add_variable(std::move(variable));
        }
        const std::string name = "x" + std::to_string(inputs_.size());
        inputs_.emplace(name, filled(type));
        return graph_.add_input(name, type);
    }

    std::optional<double> time_or_throw(const std::shared_ptr<Device>& device,
                                        const TunedPlan& kernel, double best,
                                        const TuningBounds& bounds, double deadline) const {
        const auto store = std::make_shared<VariableStore>(device);
        Executable program(graph_, store,
                           {.optimize = false, .plan = std::make_shared<TunedPlan>(kernel)});
        for (const Variable& v : graph_.variables())
            store->write(v.name, filled(v.type));
        program.profile(inputs_); // what is made or loaded once
        double least = kNever, spent = 0;
        for (int run = 0; run < bounds.runs && spent < kSecondsOfRuns; ++run) {
            if (now() > deadline)
                return std::nullopt;
            const double seconds = program.profile(inputs_)[0];
            least = std::min(least, seconds);
            spent += seconds;
            if (seconds > kHopeless * best)
                break;
        }
        return least;
    }

    Graph graph_;
    std::map<std::string, Tensor> inputs_;
};

/// An operator to be measured: the first node that has the signature.
struct Task {
    const Node* node;
    std::string signature;
    std::vector<Selection> candidates;
    int count = 0;

    double estimate() const { return count * candidates[0].seconds; }
};

std::vector<Selection> candidates(const Device& device, const Graph& graph, const Node& node) {
    try {
        return describe(device, graph, node);
    } catch (const Error& e) {
        if (e.code() != StatusCode::Unsupported)
            throw;
        return {};
    }
}

/// What there is to choose, the most expensive first.
std::vector<Task> tasks(const Device& device, const Graph& graph) {
    std::map<std::string, Task> by_signature;
    for (const Node& node : graph.nodes()) {
        if (node.is_leaf() || find_operator(node.op)->view() || !device.forced(node.op).empty())
            continue;
        const std::string text = signature(graph, node);
        Task& task = by_signature[text];
        if (task.count++ == 0)
            task = {&node, text, candidates(device, graph, node), 1};
    }
    std::vector<Task> out;
    for (auto& [text, task] : by_signature)
        if (task.candidates.size() > 1)
            out.push_back(std::move(task));
    std::stable_sort(out.begin(), out.end(),
                     [](const Task& a, const Task& b) { return a.estimate() > b.estimate(); });
    return out;
}

/// None where the time runs out.
std::optional<TunedOperator> measure(const Graph& graph, const Task& task,
                                     const std::shared_ptr<Device>& device,
                                     const TuningBounds& bounds, double deadline) {
    TunedOperator out{task.node->op, task.node->name, task.count, {}, ""};
    const Alone alone(graph, *task.node);
    double best = kNever;
    for (const Selection& c : task.candidates) {
        TunedPlan kernel;
        kernel.set(task.signature, c.candidate);
        const auto seconds = alone.time(device, kernel, best, bounds, deadline);
        if (!seconds)
            return std::nullopt;
        best = std::min(best, *seconds);
        out.kernels.emplace_back(c.candidate, *seconds);
    }
    const auto fastest =
        std::min_element(out.kernels.begin(), out.kernels.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    const bool worthwhile = fastest->second < (1 - kWorthwhile) * out.kernels[0].second;
    out.chosen = worthwhile ? fastest->first : out.kernels[0].first;
    return out;
}

} // namespace

TuningResult tune(const Graph& graph, const std::shared_ptr<Device>& device, TunedPlan& plan,
                  const TuningBounds& bounds,
                  const std::function<void(const TunedOperator&)>& progress) {
    const double begin = now(), deadline = begin + bounds.seconds;
    TuningResult result;
    for (const Task& task : tasks(*device, graph)) {
        const auto measured = now() < deadline ? measure(graph, task, device, bounds, deadline)
                                               : std::optional<TunedOperator>();
        if (!measured) {
            ++result.left_out;
            continue;
        }
        plan.set(task.signature, measured->chosen);
        if (progress)
            progress(*measured);
        result.measured.push_back(*measured);
    }
    result.seconds = now() - begin;
    return result;
}

} // namespace lamina
