/// The backward half of a training step: gradients, clipping, updates.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "io/json.hpp"
#include "lamina/graph.hpp"

namespace lamina {

struct Updates {
    double learning_rate = 0;                               // that the configuration states
    ValueId scheduled_rate = kNone;                         // what a schedule makes of it, []
    std::vector<std::pair<std::string, ValueId>> gradients; // by variable, before clipping
};

/// What the configuration states, or the optimizer's default. Throws UsageError where it is no
/// number of at least 0.
double stated_learning_rate(const std::string& class_name, const Json& config);

/// Differentiates the loss for every trainable variable and adds the optimizer's updates. Makes the
/// inputs learning_rate, iterations and epoch. Returns the learning rate that the configuration
/// states.
///
/// Every optimizer takes, besides its own keys, clipvalue (each element), clipnorm (the norm of
/// each gradient) and global_clipnorm (of all together), as in Keras 3; learning_rate is a number
/// or a schedule {"class_name", "config"}; the schedule's own key learning_rate is what it starts
/// from where its config does not say. scale_loss: see loss_scale.hpp.
Updates add_updates(Graph& graph, const Json& optimizer, ValueId loss, bool scale_loss = false);

} // namespace lamina
