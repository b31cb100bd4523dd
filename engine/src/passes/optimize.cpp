#include "passes/passes.hpp"

namespace lamina {

Graph optimize(Graph graph, const Describe& describe, const Evaluate& evaluate) {
    const auto apply = [&](const auto& pass, const auto&... with) {
        graph = pass(graph, with...);
        verify(graph);
    };
    verify(graph);
    apply(eliminate_dead);
    apply(simplify);
    apply(fold_constants, evaluate);
    apply(fold_batch_norm);
    apply(choose_layouts, describe);
    apply(decompose, describe);
    // A transpose may have to pass several operators before it meets its inverse.
    for (size_t before = 0; before != graph.nodes().size();) {
        before = graph.nodes().size();
        apply(sink_transposes);
        apply(simplify);
        apply(eliminate_dead);
    }
    apply(fold_constants, evaluate);
    apply(fuse_epilogues, describe);
    apply(fuse_elementwise, describe);
    apply(eliminate_dead);
    apply(schedule);
    return graph;
}

} // namespace lamina
