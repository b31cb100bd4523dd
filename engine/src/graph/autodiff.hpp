/// Reverse-mode differentiation of a graph.
#pragma once

#include "lamina/graph.hpp"

namespace lamina {

/// Adds the nodes that compute d loss / d target for each target. loss: a scalar.
/// The result holds kNone for a target that the loss does not depend on.
/// Only nodes between the targets and the loss are differentiated. Throws Error with the operator's
/// reason.
std::vector<ValueId> differentiate(Graph& graph, ValueId loss, const std::vector<ValueId>& targets);

} // namespace lamina
