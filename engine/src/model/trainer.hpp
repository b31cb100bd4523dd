/// The training loop.
#pragma once

#include <functional>

#include "model/checkpoint.hpp"
#include "model/evaluation.hpp"
#include "model/model_state.hpp"
#include "model/monitor.hpp"

namespace lamina {

class Trainer {
  public:
    Trainer(Model& model, Model::State& state, std::shared_ptr<Dataset> data,
            const FitOptions& options);
    FitResult run();

  private:
    void run_epochs();
    /// Tells every callback of an event; one that returns false stops training.
    void tell(const std::function<bool(Callback&)>& event);
    bool stop_asked() const { return !stopped_by_.empty(); }
    /// Whether everyone who hears of steps may hear of them later.
    bool may_lag() const;
    void split_samples();
    void expect_reported(const StepGraph& step);
    Checkpoint describe_run() const;
    void resume(const Graph& graph);
    bool train_epoch(int epoch, EpochRecord& record);
    std::map<std::string, Tensor> step_inputs(const Batch& batch, int epoch,
                                              int64_t first_sample) const;
    /// False when it was interrupted.
    bool validate(EpochRecord& record);
    Monitored resolved(Monitored monitored, const std::vector<std::string>& reported) const;
    void keep_best_weights();
    void restore_best_weights();
    bool after_epoch(EpochRecord& record);
    void write_checkpoint(int epoch, int64_t batch);
    int64_t batches() const; // of an epoch
    SampleFormat format() const;
    double learning_rate() const;
    static void expect_finite(const std::map<std::string, Tensor>& outputs, uint64_t step);
    bool interrupted() const;

    Model& model_;
    Model::State& state_;
    std::shared_ptr<Dataset> data_;
    FitOptions options_;
    CheckpointFolder checkpoints_;
    std::vector<int64_t> training_, validation_;
    FitResult result_;

    int first_epoch_ = 0;
    int64_t first_batch_ = 0;
    RunningMeans means_; // over the epoch's batches so far
    Monitor best_model_; // that is saved
    std::optional<EarlyStopper> stopper_;
    std::optional<PlateauReducer> reducer_;
    std::map<std::string, Tensor> best_weights_; // to be restored
    std::optional<double> scheduled_rate_;
    std::string stopped_by_;     // the first callback that has asked for it, and why
    double last_checkpoint_ = 0; // when, in seconds
    double waited_ = 0;          // seconds
};

} // namespace lamina
