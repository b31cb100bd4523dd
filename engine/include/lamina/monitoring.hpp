/// What training does when a value gets no better from epoch to epoch, with Keras's names, defaults
/// and rules.
#pragma once

#include <optional>
#include <string>

#include "lamina/export.hpp"

namespace lamina {

/// Which value, and what counts as better.
struct Monitored {
    std::string monitor = {}; // "": FitOptions::monitor
    std::string mode =
        "auto";           // "min", "max"; "auto": of accuracies more is better, of all else less
    double min_delta = 0; // what does not change by more is no improvement
};

/// Keras's EarlyStopping: ends training `patience` epochs after the best.
struct LAMINA_API EarlyStopping : Monitored {
    int patience = 0;
    std::optional<double> baseline;    // epochs that are not better than this count as none
    int start_from_epoch = 0;          // epochs before it, counted from 0, are not looked at
    bool restore_best_weights = false; // the model ends with the weights of its best epoch

    /// "5", the patience, or "patience=5,min_delta=0.001". Throws UsageError that names the key.
    static EarlyStopping parse(const std::string& text);
};

/// Keras's ReduceLROnPlateau: multiplies the learning rate by `factor` after `patience` epochs
/// without improvement.
struct LAMINA_API ReduceOnPlateau : Monitored {
    ReduceOnPlateau() { min_delta = 1e-4; }

    int patience = 10;
    double factor = 0.1;
    int cooldown = 0;  // epochs after a reduction in which none is counted
    double min_lr = 0; // the learning rate does not fall below it

    /// As EarlyStopping::parse.
    static ReduceOnPlateau parse(const std::string& text);
};

} // namespace lamina
