/// Between the graph and the ABI's description of a node.
#pragma once

#include "lamina/graph.hpp"
#include "lamina/operators.hpp"

namespace lamina {

plugin::TensorType to_plugin(const TensorType& type);
TensorType from_plugin(lm_dtype dtype, int32_t rank, const int64_t* dims);

} // namespace lamina
