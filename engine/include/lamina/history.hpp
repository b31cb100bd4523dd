/// What training reports, epoch by epoch.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lamina/export.hpp"

namespace lamina {

/// Names and numbers in the order they are reported: loss, accuracy.
using Values = std::vector<std::pair<std::string, double>>;

/// The value of a name, or nullptr.
LAMINA_API const double* find(const Values& values, const std::string& name);

struct EpochRecord {
    int epoch = 0; // from 0
    Values values; // loss, accuracy, val_loss, val_accuracy, learning_rate
    double seconds = 0;
};

class LAMINA_API History {
  public:
    std::vector<EpochRecord> epochs;

    /// A header, then a line an epoch: epoch,loss,accuracy,...,seconds. Epochs count from 1 as
    /// people do.
    std::string to_csv() const;
    /// {"epoch": [1, 2, ...], "loss": [...], ..., "seconds": [...]}; null is what is no finite
    /// number.
    std::string to_json() const;

    /// One value over all epochs; empty when it was not recorded.
    std::vector<double> series(const std::string& name) const;
};

} // namespace lamina
