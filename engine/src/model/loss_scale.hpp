/// Dynamic loss scaling, as Keras's LossScaleOptimizer does it: gradients below the least number of
/// f16 would vanish, so the loss is multiplied before it is differentiated, and the gradients are
/// divided again in f32.
///
/// It begins with a factor of 2^15. A step whose gradients are not all finite changes no variable
/// but the statistics of layers, does not count among the optimizer's iterations, and halves the
/// factor; 2000 good ones in a row double it. All of that is part of the step's graph: nothing is
/// read back between steps.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "lamina/graph.hpp"
#include "lamina/plugin/graph.hpp"

namespace lamina {

class LossScale {
  public:
    /// Adds the variables to the graph. The builder's context gives the new nodes their names.
    LossScale(Graph& graph, plugin::Graph& builder);

    plugin::Value scaled(plugin::Value loss) const { return loss * factor_; }
    plugin::Value unscaled(plugin::Value gradient) const { return gradient / factor_; }
    /// The optimizer's count of steps from that of all steps.
    plugin::Value iterations(plugin::Value steps) const { return steps - skipped_; }

    /// Judges the step by its gradients, scaled as they are, and updates the variables; kNone: no
    /// gradient.
    void judge(const std::vector<ValueId>& gradients);
    /// `updated` where the step is good, else `old`. After judge().
    plugin::Value if_good(plugin::Value updated, plugin::Value old) const {
        return select(good_, updated, old);
    }

    /// The variables, f32 scalars that belong to no layer.
    static constexpr const char* kFactor = "loss_scale/factor";
    static constexpr const char* kGoodSteps = "loss_scale/good_steps";
    static constexpr const char* kSkippedSteps = "loss_scale/skipped_steps";
    static constexpr std::array kVariables{kFactor, kGoodSteps, kSkippedSteps};

  private:
    plugin::Value variable(const char* name, const char* initializer);

    Graph& graph_;
    plugin::Graph& builder_;
    plugin::Value factor_, good_steps_, skipped_, good_;
};

} // namespace lamina
