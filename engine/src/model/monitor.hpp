/// Whether training gets better from epoch to epoch.
#pragma once

#include <optional>
#include <string>

namespace lamina {

class Monitor {
  public:
    Monitor() = default;
    /// name: the value that is watched. As in Keras, more is better of what is an accuracy
    /// ("val_accuracy", "top_k_categorical_accuracy") and less of everything else.
    explicit Monitor(std::string name);

    const std::string& name() const { return name_; }

    /// Takes an epoch's value; true when it is the best so far. NaN never is.
    bool improves(double value);

    struct Standing {
        std::optional<double> best;
        int since_best = 0; // epochs
        int since_drop = 0; // epochs since the best, or since the learning rate was reduced
    };
    Standing standing;

  private:
    std::string name_;
    bool more_is_better_ = false;
};

} // namespace lamina
