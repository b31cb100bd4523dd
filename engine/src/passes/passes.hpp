/// The passes between differentiation and memory planning. Each takes a graph and returns one that
/// computes the same.
#pragma once

#include <functional>

#include "lamina/graph.hpp"
#include "passes/plan_memory.hpp"

namespace lamina {

/// Asks the backend how it would run a node: its candidates, best first; empty when it cannot.
using Describe = std::function<std::vector<Selection>(const Graph& graph, const Node& node)>;

/// Runs every pass in order; verifies after each.
Graph optimize(Graph graph, const Describe& describe);

} // namespace lamina
