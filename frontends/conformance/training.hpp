/// A net trained, or only run, on two backends from the same weights and data.
#pragma once

#include <map>

#include "nets.hpp"
#include "test.hpp"

namespace lamina::conformance {

/// How values between operators are stored, and whether the loss scale begins so high that the
/// first steps overflow and are skipped.
struct TrainingKind {
    Precision precision = Precision::Float32;
    bool overflows = false;
};

/// What a training step reads: samples and classes drawn from the name, and the step's number.
std::map<std::string, Tensor> step_inputs(const std::string& name, const Graph& graph,
                                          int64_t classes, int step);

/// So many steps; then the loss of every step and each weight, statistic and optimizer slot must be
/// the reference's, and a second run from the start must give the same bits.
std::vector<Result> check_training(const std::string& name, const Target& target, const Net& net,
                                   int64_t batch, const std::string& optimizer, int steps,
                                   const TrainingKind& kind = {});

/// The outputs for random samples.
std::vector<Result> check_prediction(const std::string& name, const Target& target, const Net& net,
                                     int64_t batch);

} // namespace lamina::conformance
