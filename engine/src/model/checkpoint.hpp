/// Everything that the next training step depends on, in a file.
#pragma once

#include <string>

#include "model/model_state.hpp"

namespace lamina {

/// Where training stands; weights, slots and iterations come from the model.
struct Checkpoint {
    int epoch = 0;      // the next one, or the one that is under way
    int64_t batch = 0;  // the next one of that epoch
    double samples = 0; // of that epoch so far, and the sums of loss and metrics over them
    Values sums;
    uint64_t seed = 0;
    int64_t batch_size = 0, train_limit = 0;
    double validation_split = 0;
    std::string data;
    double best = 0;
    bool has_best = false;
    int since_best = 0, since_drop = 0;
    History history;
};

/// Writes folder/checkpoint.h5 (a model file that Keras loads too) whole or not at all; the folder
/// is made. Returns its path.
std::string save_checkpoint(const std::string& folder, const Model::State& state,
                            const Checkpoint& checkpoint);

/// path: the file or its folder. Sets the model's variables. Throws Error for a file that is no
/// checkpoint, or of another model.
Checkpoint load_checkpoint(const std::string& path, Model::State& state);

} // namespace lamina
