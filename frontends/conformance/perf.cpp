#include "perf.hpp"

#include "check.hpp"
#include "lamina/executable.hpp"
#include "lamina/operators.hpp"
#include "lamina/thread_pool.hpp"

namespace lamina::conformance {

namespace {

/// The operator's cost, by its own rule.
StepInfo cost_of(const Case& test, const std::vector<Tensor>& inputs, const Target& target) {
    Graph graph;
    std::vector<ValueId> ids;
    for (const Tensor& t : inputs)
        ids.push_back(graph.add_input("x" + std::to_string(ids.size()), {t.dtype(), t.shape()}));
    const auto outputs = add_operator(graph, test.op, test.op, "", ids, test.attrs);
    for (size_t i = 0; i < outputs.size(); ++i)
        graph.add_output("y" + std::to_string(i), outputs[i]);
    const Executable program(std::move(graph), std::make_shared<VariableStore>(target.reference),
                             {.optimize = false});
    for (const StepInfo& step : program.steps())
        if (step.op == test.op)
            return step;
    return {}; // a view: nothing is done
}

} // namespace

std::vector<Speed> measure(const Case& test, const Target& target) {
    set_threads(available_cpus());
    const auto inputs = complete_inputs(test, target);
    const SingleNode node(target.device, test.op, inputs, test.attrs);
    const StepInfo cost = cost_of(test, inputs, target);
    std::vector<Speed> list;
    for (const Candidate& candidate : candidates(test, target)) {
        const double seconds = node.time(candidate, inputs);
        list.push_back({test.name, candidate.name, seconds, cost.flops / seconds * 1e-9,
                        cost.bytes / seconds * 1e-9});
    }
    return list;
}

} // namespace lamina::conformance
