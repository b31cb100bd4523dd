/// Weights of other conventions than Keras 2's: Theano's kernels, and those of channels_first nets.
#pragma once

#include <map>
#include <string>

#include "lamina/graph.hpp"
#include "model/architecture.hpp"

namespace lamina {

class ForeignKernels {
  public:
    /// flipped: Theano's convolution turns kernels round in space. channels_first: kernels are
    /// [out, in, spatial...], and nets flatten [C, spatial...].
    ForeignKernels(const Architecture&, bool flipped, bool channels_first);

    /// A file's tensor for the variable, as this has it. Nothing is guessed from shapes: what is no
    /// kernel, or has another rank than one, stays as it is.
    Tensor operator()(const Variable&, const Tensor&) const;

  private:
    bool flipped_, channels_first_;
    std::map<std::string, std::string> class_of_; // by layer
    std::map<std::string, Shape> flattened_;      // of Dense layers: [spatial..., C]
};

} // namespace lamina
