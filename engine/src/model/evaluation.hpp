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

/// How samples reach the model. augmenter: null for none.
SampleFormat sample_format(const Dataset& data, const Augmenter* augmenter);

/// Which samples are evaluated. augmenter: normalizations, or null for none.
struct EvaluatedSamples {
    std::shared_ptr<const Dataset> data;
    Split split = Split::Test;
    std::vector<int64_t> indices;
    std::shared_ptr<const Augmenter> augmenter;
};

/// Loss and metrics over samples. Nothing where `progress` stops it.
std::optional<Evaluation> evaluate_samples(Model::State& state, const EvaluatedSamples& samples,
                                           int64_t batch_size, const EvaluationProgress& progress);

/// Throws ShapeError where the model's input or classes are not those of the data.
void expect_fitting(const Model& model, const Dataset& data);

} // namespace lamina
