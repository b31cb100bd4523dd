/// Between the graph and the ABI's description of a node.
#pragma once

#include "lamina/graph.hpp"
#include "lamina/plugin/owned_node.hpp"

namespace lamina {

plugin::TensorType to_plugin(const TensorType& type);
TensorType from_plugin(lm_dtype dtype, int32_t rank, const int64_t* dims);

/// Describes a node; the result owns everything.
std::unique_ptr<plugin::OwnedNode> describe_node(const Graph& graph, const Node& node);

} // namespace lamina
