/// The training loop.
#pragma once

#include "model/model_state.hpp"

namespace lamina {

class Trainer {
  public:
    Trainer(Model& model, Model::State& state, std::shared_ptr<Dataset> data,
            const FitOptions& options);
    FitResult run();

  private:
    struct Sums {
        double samples = 0;
        std::vector<std::pair<std::string, double>> sums;
        void add(const std::map<std::string, Tensor>& outputs,
                 const std::vector<MetricOutput>& metrics, double n);
        Values means() const;
    };

    void prepare();
    void resume();
    bool train_epoch(int epoch, EpochRecord& record);
    void validate(EpochRecord& record);
    bool after_epoch(EpochRecord& record);
    std::string write_checkpoint(int epoch, int64_t batch, const Sums& sums);
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
    Sums first_sums_;
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
