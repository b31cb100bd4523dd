/// A small net around a part, for its self-test.
#pragma once

#include <optional>

#include "nets.hpp"
#include "parts/part.hpp"

namespace lamina::conformance {

/// x -> the layer -> Flatten -> Dense(3, softmax). layer: {"class_name", "config"}.
struct FittingNet {
    Net net;       // with the head
    Net bare;      // the layer alone
    Shape input;   // of a sample
    int arity = 1; // inputs of the layer: x, then functions of it
};

/// The first of the shapes, and of 1, 2 and 3 inputs, that the layer takes: `inputs` where the
/// author gave some, else pictures, sequences, vectors and volumes. why: what the layer said of the
/// last one, where it takes none.
std::optional<FittingNet> fitting_net(const Json& layer, const std::vector<Shape>& inputs,
                                      std::string& why);

/// x -> Dense(7, tanh) -> Dense(3, softmax), with what `change` puts into the first layer's
/// configuration.
Net dense_net(const std::string& name, const Json& change = Json::object());

/// A training step's loss against finite differences, by x and by every trainable weight; weights
/// and data are drawn from the net's name.
std::string net_gradient_fault(const Net& net);

/// Predicts and trains on every backend and compares with the reference.
void check_on_backends(const Subject& subject, Checks& check, const Net& net,
                       const std::string& optimizer = "sgd:momentum=0.9");

} // namespace lamina::conformance
