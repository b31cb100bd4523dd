/// The nets that training and model tests use, built from layers.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "lamina/model.hpp"

namespace lamina::conformance {

struct Net {
    std::string name;
    std::function<Model()> build;
    std::vector<int64_t> batches; // the sizes it is run with
    std::string loss = "categorical_crossentropy";
};

/// Some ten thousand multiplications a step; between them each kind of layer, in both data formats
/// and in 1, 2 and 3 dimensions.
const std::vector<Net>& small_nets();

/// LeNet and the CIFAR nets whole; blocks of VGG16 and InceptionV3 with fewer channels and pixels.
const std::vector<Net>& known_nets();

} // namespace lamina::conformance
