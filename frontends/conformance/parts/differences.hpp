/// Gradients held against finite differences, on the reference backend.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "lamina/graph.hpp"
#include "lamina/tensor.hpp"

namespace lamina::conformance {

/// Differentiates `loss`, a scalar, by `targets` (inputs and variables) and compares with central
/// differences: along the gradient itself, which finds a wrong size, and along directions of random
/// signs, which find what is missing. values: each input and variable of the graph by name. Returns
/// what is wrong, "" for nothing. Directions along which the loss has a kink prove nothing; where
/// all have, throws Error(Unsupported).
std::string gradient_fault(Graph graph, ValueId loss,
                           const std::vector<std::pair<std::string, ValueId>>& targets,
                           const std::map<std::string, Tensor>& values);

} // namespace lamina::conformance
