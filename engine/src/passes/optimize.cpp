#include "passes/passes.hpp"

namespace lamina {

Graph optimize(Graph graph, const Describe&) {
    verify(graph);
    return graph;
}

} // namespace lamina
