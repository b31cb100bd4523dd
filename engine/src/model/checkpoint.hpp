/// Everything that the next training step depends on, in a file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "io/file_descriptor.hpp"
#include "model/model_state.hpp"
#include "model/monitor.hpp"

namespace lamina {

/// Where training stands; weights, slots and iterations come from the model.
struct Checkpoint {
    int epoch = 0;      // the next one, or the one that is under way
    int64_t batch = 0;  // the next one of that epoch; behind its last one, validation comes next
    double samples = 0; // of that epoch so far, and the sums of loss and metrics over them
    Values sums;
    std::optional<double> scheduled_rate; // the learning rate of the last step, by its schedule
    std::optional<double> best;           // of the monitored value
    std::optional<EarlyStopper::Standing> stopping;
    std::optional<PlateauReducer::Standing> reducing;
    std::map<std::string, Tensor> best_weights; // those that early stopping would restore, by name
    History history;
    /// What must be the same for the same result, as the command line names it: {"--seed", "7"}.
    std::vector<std::pair<std::string, std::string>> settings;
};

/// A folder that one run writes its checkpoints to, as long as this lives.
class CheckpointFolder {
  public:
    CheckpointFolder() = default;
    /// Makes the folder. Throws UsageError where another run has it, Error where no checkpoint can
    /// be written.
    explicit CheckpointFolder(const std::string& folder);

  private:
    FileDescriptor lock_;
};

/// Writes folder/checkpoint.h5 (a model file that Keras loads too) whole or not at all; the folder
/// is made. Returns its path.
std::string save_checkpoint(const std::string& folder, const Model::State& state,
                            const Checkpoint& checkpoint);

/// path: the file or its folder. Sets the model's variables. Throws Error for a file that is no
/// checkpoint, or of another model.
Checkpoint load_checkpoint(const std::string& path, Model::State& state);

} // namespace lamina
