/// Building graphs operator by operator, and differentiating them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lamina/export.hpp"
#include "lamina/graph.hpp"
#include "lamina/plugin/owned_node.hpp"

namespace lamina {

/// Adds a node: completes its attributes from the operator's schema and infers its outputs.
/// Throws Error for an unknown operator or attribute, ShapeError with the shape rule's reason.
LAMINA_API std::vector<ValueId> add_operator(Graph& graph, const std::string& op,
                                             const std::string& name, const std::string& layer,
                                             const std::vector<ValueId>& inputs,
                                             Attributes attrs = {});

/// Adds the nodes that compute d loss / d target for each target. loss: a scalar.
/// The result holds kNone for a target that the loss does not depend on.
/// Only nodes between the targets and the loss are differentiated. Throws Error with the operator's
/// reason.
LAMINA_API std::vector<ValueId> differentiate(Graph& graph, ValueId loss,
                                              const std::vector<ValueId>& targets);

/// Describes a node as the ABI does; the result owns everything.
LAMINA_API std::unique_ptr<plugin::OwnedNode> describe_node(const Graph& graph, const Node& node,
                                                            uint64_t kept = 0);

} // namespace lamina
