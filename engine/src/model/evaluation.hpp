/// Loss and metrics over a part of a data set.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/model_state.hpp"

namespace lamina {

/// The one value of a loss, a metric or a rate.
double scalar(const Tensor& t);

/// Loss and metrics over samples so far.
struct RunningMeans {
    double samples = 0;
    Values sums;
    std::vector<std::pair<std::string, Tensor>> tables; // of metrics that are no number, f64

    /// outputs: a step's; n: its batch.
    void add(const std::map<std::string, Tensor>& outputs, const std::vector<MetricOutput>& metrics,
             double n);
    Values means() const;
};

/// Loss and metrics over the samples that `indices` names. Nothing where `progress` stops it.
std::optional<Evaluation> evaluate_samples(Model::State& state,
                                           const std::shared_ptr<Dataset>& data, Split split,
                                           const std::vector<int64_t>& indices, int64_t batch_size,
                                           const EvaluationProgress& progress);

/// Throws ShapeError where the model's input or classes are not those of the data.
void expect_fitting(const Model& model, const Dataset& data);

} // namespace lamina
