/// The passes between differentiation and memory planning. Each takes a graph and returns one that
/// computes the same.
#pragma once

#include <functional>

#include "lamina/graph.hpp"
#include "passes/plan_memory.hpp"

namespace lamina {

/// Asks the backend how it would run a node: its candidates, best first; empty when it cannot.
using Describe = std::function<std::vector<Selection>(const Graph& graph, const Node& node)>;

/// Runs a graph without inputs and gives its outputs: the reference backend.
using Evaluate = std::function<std::map<std::string, Tensor>(Graph graph)>;

/// Drops what no output and no update needs.
Graph eliminate_dead(const Graph& graph);

/// Identities that keep every bit, common subexpressions, broadcasts that elementwise operators do
/// themselves.
Graph simplify(const Graph& graph);

/// Works out what depends on constants alone, unless it is large.
Graph fold_constants(const Graph& graph, const Evaluate& evaluate);

/// Makes batch normalisations by given statistics part of the convolutions before them; equal but
/// for rounding.
Graph fold_batch_norm(const Graph& graph);

/// Puts nodes that state channels_first into channels_last, between transposes, where the backend
/// is faster that way.
Graph choose_layouts(const Graph& graph, const Describe& describe);

/// Replaces what the backend has no kernel for by simpler operators, where the operator says how
/// and the backend takes all of them.
Graph decompose(const Graph& graph, const Describe& describe);

/// Moves transposes behind elementwise operators, where they meet their inverses.
Graph sink_transposes(const Graph& graph);

/// Orders nodes so that updates run as soon as they can.
Graph schedule(const Graph& graph);

/// Moves elementwise operators behind products and convolutions into these, where the backend takes
/// it.
Graph fuse_epilogues(const Graph& graph, const Describe& describe);

/// Joins connected elementwise operators of one shape into nodes `fused_elementwise`, where the
/// backend takes it.
Graph fuse_elementwise(const Graph& graph, const Describe& describe);

/// Runs every pass in order; verifies after each.
Graph optimize(Graph graph, const Describe& describe, const Evaluate& evaluate);

} // namespace lamina
