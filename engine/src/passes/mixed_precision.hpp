/// Values in two bytes, arithmetic in four (Micikevicius et al., 2018, "Mixed Precision Training").
#pragma once

#include <vector>

#include "lamina/graph.hpp"

namespace lamina {

struct Rewritten {
    Graph graph;
    std::vector<ValueId> values; // by the old graph's values: the new ones
};

/// Stores as `storage` (F16 or BF16) what products give, and what elementwise operators, movements,
/// pools and normalisations make of it; the products' operands are cast to it, weights from their
/// f32. Kept in f32: variables and their new values, graph inputs, reductions, softmax, every
/// operator not named here, and what elementwise operators make of those. Goes before
/// differentiation, so that a value's gradient is stored as the value is.
Rewritten store_as(const Graph& graph, DType storage);

/// Products and sums that are read as f32 alone give the f32 in which they were added up, instead
/// of a rounded one: the gradients of weights. Goes behind differentiation.
Graph keep_f32_sums(const Graph& graph);

} // namespace lamina
