/// Weights of other conventions than Keras 2's: Theano's kernels, and those of channels_first nets.
#pragma once

#include <map>
#include <set>
#include <string>

#include "lamina/graph.hpp"
#include "model/architecture.hpp"

namespace lamina {

/// How a file has its kernels.
struct KernelConventions {
    bool flipped = false; ///< Theano's convolution turns them round in space
    bool channels_first =
        false; ///< they are [out, in, spatial...], and nets flatten [C, spatial...]
    /// Layers of data_format channels_first have theirs as [out, in, spatial...], transposed ones
    /// as [in, out, ...] and, channels last, [..., in, out]; Conv1D's have an axis of 1 more.
    bool keras_1 = false;
};

class ForeignKernels {
  public:
    ForeignKernels(const Architecture&, const KernelConventions&);

    /// A file's tensor for the variable, as this has it. Nothing is guessed from shapes: what is no
    /// kernel, or has another rank than one, stays as it is.
    Tensor operator()(const Variable&, const Tensor&) const;

  private:
    KernelConventions file_;
    std::map<std::string, std::string> class_of_; // by layer
    std::set<std::string> channels_first_;        // layers
    std::map<std::string, Shape> flattened_;      // of Dense layers: [spatial..., C]
};

} // namespace lamina
