/// Which of a file's tensors is which of a model's variables.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lamina/graph.hpp"
#include "model/architecture.hpp"
#include "model/foreign_kernels.hpp"
#include "model/store.hpp"

namespace lamina {

/// The variables' names for the tensors of a file. Some files keep layers by class and occurrence
/// and number their weights: 0 of "layers/conv2d_1" is the first of the second Conv2D. Keras 2
/// calls the kernel of DepthwiseConv2D depthwise_kernel. Layers inside models lie in a folder of
/// the model's: "layers/sequential/layers/conv2d".
class VariableNames {
  public:
    VariableNames(const Architecture&, const std::vector<Variable>&);
    /// The file's own name where the model has no such variable.
    std::string operator()(const StoredTensor&) const;

  private:
    void add(const LayerSpec&, const std::string& weight, const std::string& variable);

    std::map<std::string, std::string> named_;
    std::map<std::string, std::vector<std::string>> numbered_;
};

/// What was found for each variable, and what is left over.
struct WeightMatch {
    struct Value {
        const Variable* variable;
        std::string tensor; // as the file names it
        Tensor data;
    };
    struct Misfit {
        std::string variable, reason;
    };
    std::vector<Value> values;
    std::vector<std::string> missing;       // variables
    std::vector<const StoredTensor*> extra; // in the tensors that were to be matched
    std::vector<Misfit> wrong;              // of another shape
    bool by_position = false;

    bool complete() const { return missing.empty() && extra.empty() && wrong.empty(); }
    /// Lines that list it. name_of: extra tensors as the model would call them.
    std::string what_does_not_fit(const VariableNames& name_of) const;
};

/// as_here: the file's tensors for a variable as this has them.
WeightMatch by_name(const VariableNames&, const std::vector<Variable>&,
                    const std::vector<StoredTensor>&, const ForeignKernels& as_here);

/// As Keras loads weights unless told otherwise: layers without any are left out on both sides, and
/// the others are taken one after the other, each with its weights in their order.
WeightMatch by_position(const std::vector<Variable>&, const std::vector<StoredTensor>&,
                        const ForeignKernels& as_here);

} // namespace lamina
