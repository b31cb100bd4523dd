/// Whether training gets better from epoch to epoch, and what follows from it.
#pragma once

#include <optional>
#include <string>

#include "lamina/monitoring.hpp"

namespace lamina {

/// The best value so far of what is watched.
class Monitor {
  public:
    Monitor() = default;
    explicit Monitor(Monitored options) : options_(std::move(options)) {}

    const std::string& name() const { return options_.monitor; }

    /// Takes an epoch's value; true when it is the best so far. NaN never is. Compares in f32, in
    /// which Keras has its losses and metrics.
    bool improves(double value);
    /// By more than min_delta.
    bool is_better(double value, double than) const;

    std::optional<double> best;

  private:
    bool more_is_better() const;

    Monitored options_;
};

class EarlyStopper {
  public:
    EarlyStopper() = default;
    explicit EarlyStopper(const EarlyStopping& options) : monitor_(options), options_(options) {}

    const Monitor& monitor() const { return monitor_; }
    bool restores_best_weights() const { return options_.restore_best_weights; }

    /// Takes an epoch's value; true when its weights are the best so far.
    bool improves(int epoch, double value);
    /// Whether training is to end with this epoch, the last that was taken. Never with the best
    /// one, which a baseline alone could ask for, nor with the first.
    bool exhausted(int epoch) const;

    struct Standing {
        std::optional<double> best;
        int wait = 0; // epochs since the best that met the baseline
        int best_epoch = 0;
    };
    Standing standing() const { return {monitor_.best, wait_, best_epoch_}; }
    void resume(const Standing& standing);

  private:
    Monitor monitor_;
    EarlyStopping options_;
    int wait_ = 0, best_epoch_ = 0;
};

class PlateauReducer {
  public:
    PlateauReducer() = default;
    explicit PlateauReducer(const ReduceOnPlateau& options)
        : monitor_(options), options_(options) {}

    const Monitor& monitor() const { return monitor_; }
    const ReduceOnPlateau& options() const { return options_; }

    /// Takes an epoch's value and the learning rate; the rate to go on with, one of f32 as Keras's.
    double rate_after(double value, double learning_rate);

    struct Standing {
        std::optional<double> best;
        int wait = 0;     // epochs since the best or the last reduction
        int cooldown = 0; // epochs left in which none is counted
    };
    Standing standing() const { return {monitor_.best, wait_, cooldown_}; }
    void resume(const Standing& standing);

  private:
    Monitor monitor_;
    ReduceOnPlateau options_;
    int wait_ = 0, cooldown_ = 0;
};

/// As the command line writes it, every key stated.
std::string to_text(const ReduceOnPlateau& options);

} // namespace lamina
