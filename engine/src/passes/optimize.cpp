#include "passes/passes.hpp"

namespace lamina {

Graph optimize(Graph graph, const Describe& describe) {
    const auto checked = [](Graph g) {
        verify(g);
        return g;
    };
    verify(graph);
    graph = checked(eliminate_dead(graph));
    graph = checked(simplify(graph));
    graph = checked(eliminate_dead(graph));
    graph = checked(fuse_epilogues(graph, describe));
    graph = checked(fuse_elementwise(graph, describe));
    return checked(eliminate_dead(graph));
}

} // namespace lamina
