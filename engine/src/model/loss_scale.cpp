#include "model/loss_scale.hpp"

namespace lamina {

using plugin::Value;

namespace {

constexpr auto kInitialFactor = R"({"class_name": "Constant", "config": {"value": 32768}})";
constexpr double kStepsToGrow = 2000;
// A loss that is not finite in itself halves the factor at every step, and good luck doubles it.
constexpr double kLeast = 1, kMost = 0x1p126;

} // namespace

LossScale::LossScale(Graph& graph, plugin::Graph& builder)
    : graph_(graph), builder_(builder), factor_(variable(kFactor, kInitialFactor)),
      good_steps_(variable(kGoodSteps, "\"zeros\"")),
      skipped_(variable(kSkippedSteps, "\"zeros\"")) {}

Value LossScale::variable(const char* name, const char* initializer) {
    Variable v;
    v.name = name;
    v.kind = VariableKind::Slot;
    v.initializer = initializer;
    return {builder_, graph_.add_variable(std::move(v))};
}

void LossScale::judge(const std::vector<ValueId>& gradients) {
    // A sum is finite only if all that is added is, and reads each gradient once.
    for (const ValueId id : gradients) {
        if (id == kNone)
            continue;
        const Value gradient{builder_, id};
        const Value finite = is_finite(reduce_sum(gradient, all_axes(gradient)));
        good_ = good_ ? logical_and(good_, finite) : finite;
    }
    if (!good_)
        good_ = equal(factor_, factor_); // nothing to train
    const Value counted = good_steps_ + 1.0, zero = builder_.constant(0.0f);
    const Value grows = greater_equal(counted, kStepsToGrow);
    const Value grown = select(grows, minimum(factor_ * 2.0, kMost), factor_);
    graph_.set_update(factor_.id(), if_good(grown, maximum(factor_ * 0.5, kLeast)).id());
    graph_.set_update(good_steps_.id(), if_good(select(grows, zero, counted), zero).id());
    graph_.set_update(skipped_.id(), if_good(skipped_, skipped_ + 1.0).id());
}

} // namespace lamina
