/// The training loop.
#pragma once

#include "model/model_state.hpp"

namespace lamina {

/// Loss and metrics over samples so far.
struct RunningMeans {
    double samples = 0;
    Values sums;

    /// outputs: a step's; n: its batch.
    void add(const std::map<std::string, Tensor>& outputs, const std::vector<MetricOutput>& metrics,
             double n);
    Values means() const;
};

class Trainer {
  public:
    Trainer(Model& model, Model::State& state, std::shared_ptr<Dataset> data,
            const FitOptions& options);
    FitResult run();

  private:
    void prepare();
    std::string monitored() const;
    void expect_monitored(const StepGraph& step) const;
    void resume();
    bool train_epoch(int epoch, EpochRecord& record);
    void validate(EpochRecord& record);
    bool after_epoch(EpochRecord& record);
    std::string write_checkpoint(int epoch, int64_t batch, const RunningMeans& means);
    SampleFormat format() const;
    void expect_finite(const std::map<std::string, Tensor>& outputs) const;

    Model& model_;
    Model::State& state_;
    std::shared_ptr<Dataset> data_;
    FitOptions options_;
    std::vector<int64_t> training_, validation_;
    FitResult result_;

    int first_epoch_ = 0;
    int64_t first_batch_ = 0;
    RunningMeans first_means_;
    double best_ = 0;
    int since_best_ = 0, since_drop_ = 0;
    bool has_best_ = false;
    double last_checkpoint_ = 0; // seconds since the start
    double started_ = 0;
};

/// loss and metrics over samples of a split.
Values evaluate_samples(Model::State& state, const std::shared_ptr<Dataset>& data, Split split,
                        const std::vector<int64_t>& indices, int64_t batch_size);

} // namespace lamina
