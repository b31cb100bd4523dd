/// What a program works out of its variables alone.
#pragma once

#include <vector>

#include "lamina/graph.hpp"

namespace lamina {

/// By node: whether it depends on variables that this graph does not update, and on constants, and
/// on nothing else, so that its results stand until one of them is written: filters scaled by a
/// folded batch normalisation, or cast to f16. Results that are larger than all they are made from,
/// or that the graph gives, are left where they are; so is everything where nothing else remains.
std::vector<bool> prepared_nodes(const Graph& graph);

/// By value: whether every run finds the same in it, as long as nobody writes a variable:
/// constants, variables that the graph does not update, and what prepared nodes give.
std::vector<bool> kept_values(const Graph& graph);

} // namespace lamina
