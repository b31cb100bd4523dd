/// An operator's gradient as a backend runs it: differentiated, optimised, planned and compiled.
#pragma once

#include <map>
#include <memory>

#include "case.hpp"
#include "lamina/device.hpp"

namespace lamina::conformance {

/// d loss / d input for each input in test.gradient, where the loss is the sum of the operator's
/// floating outputs, each element weighted by a fixed random number. Throws Error(Unsupported) when
/// the backend cannot run a part of it.
std::vector<Tensor> gradients(const std::shared_ptr<Device>& device, const Case& test,
                              const std::vector<Tensor>& inputs);

/// An operator over inputs of a graph, "x0", "x1", ..., and what is differentiated: the sum of its
/// floating outputs, weighted. kNone where it has none.
struct LossGraph {
    Graph graph;
    std::vector<ValueId> inputs;
    std::map<std::string, Tensor> values; // of the graph's inputs
    ValueId loss = kNone;
};
LossGraph loss_graph(const Case& test, const std::vector<Tensor>& inputs);

} // namespace lamina::conformance
