/// The graphs of a model: training step, evaluation, prediction.
#pragma once

#include <string>
#include <vector>

#include "lamina/graph.hpp"
#include "lamina/precision.hpp"
#include "model/architecture.hpp"

namespace lamina {

/// How samples come: what the model sees is sample * scale + shift, worked out on the device.
struct SampleFormat {
    DType dtype = DType::F32;
    double scale = 1;
    double shift = 0;
    bool pixels = false; // 0 to 255; a model that has a preprocessing of its own sees that instead

    bool operator==(const SampleFormat&) const = default;
};

/// What compile() fixes.
struct TrainingConfig {
    Json optimizer = "adam"; // a name or {"class_name", "config"}
    Json loss = "categorical_crossentropy";
    std::vector<Json> metrics = {"accuracy"};
    bool check_finite = false; // training graphs get outputs "finite NUMBER WHAT", f32 0 or 1, for
                               // each layer, gradient and new value, in the order of the step
};

/// A metric as the graph gives it.
struct MetricOutput {
    std::string name; // Keras's: "accuracy"
    bool mean = true; // a mean over the batch; else a sum over it
};

struct StepGraph {
    Graph graph;
    std::vector<MetricOutput> metrics; // outputs of these names, besides "loss"
    double learning_rate = 0;          // the optimizer's own
};

/// Inputs: x [batch, ...] of the format's dtype; y i64 [batch]; learning_rate, iterations, epoch:
/// f32 scalars; and rng_state i64 [3] where something draws. Outputs: loss (mean over the batch,
/// with regularization), the metrics, and scheduled_learning_rate where there is a schedule.
/// Updates every trainable variable, its slots and the statistics. With Precision::Mixed, the loss
/// scale's variables too (model/loss_scale.hpp).
StepGraph training_graph(const Architecture& model, const TrainingConfig& config,
                         const SampleFormat& format, int64_t batch,
                         Precision precision = Precision::Float32);

/// Inputs x and y; outputs as for training. Updates nothing.
StepGraph evaluation_graph(const Architecture& model, const TrainingConfig& config,
                           const SampleFormat& format, int64_t batch,
                           Precision precision = Precision::Float32);

/// Input x, or x0, x1, ... where there are several; outputs output, output_1, ..., f32 in any
/// precision.
StepGraph prediction_graph(const Architecture& model, const SampleFormat& format, int64_t batch,
                           Precision precision = Precision::Float32);

/// The names of a step's inputs and of a prediction's outputs.
std::string input_name(const Architecture& model, size_t input);
std::string output_name(size_t output);

/// Sets the variables of the given list by their initializers. Input: rng_state.
Graph initialization_graph(const std::vector<Variable>& variables);

} // namespace lamina
