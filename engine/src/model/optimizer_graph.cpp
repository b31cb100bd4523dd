#include "model/optimizer_graph.hpp"

#include <optional>

#include <fmt/format.h>

#include "graph/autodiff.hpp"
#include "graph/node_desc.hpp"
#include "lamina/error.hpp"
#include "lamina/plugin/graph.hpp"
#include "model/keras_optimizer.hpp"
#include "model/loss_scale.hpp"
#include "model/tracer.hpp"
#include "plugins/host.hpp"
#include "plugins/schema.hpp"

namespace lamina {

namespace {

using plugin::Value;

/// Slots are variables of their own, named after the one they belong to.
class OptimizerHooks : public BuildHooks {
  public:
    /// scale: nullptr where the loss is not scaled.
    OptimizerHooks(std::string parameter, const LossScale* scale)
        : parameter_(std::move(parameter)), scale_(scale) {}

    ValueId variable(lm_graph& graph, const lm_variable_desc& desc) override {
        Variable v;
        v.name = fmt::format("optimizer/{}/{}", desc.name, parameter_);
        v.type = from_plugin(desc.dtype, desc.rank, desc.dims);
        v.kind = VariableKind::Slot;
        v.layer = graph.layer;
        v.initializer = desc.initializer == nullptr ? "\"zeros\"" : desc.initializer;
        return graph.graph.add_variable(v);
    }
    void assign(lm_graph& graph, ValueId variable, ValueId value) override {
        plugin::Graph builder(host_table(), &graph);
        const Value old(builder, variable), updated(builder, value);
        graph.graph.set_update(variable,
                               (scale_ == nullptr ? updated : scale_->if_good(updated, old)).id());
    }

  private:
    std::string parameter_;
    const LossScale* scale_;
};

struct Clipping {
    std::optional<double> value, norm, global_norm;
};

/// Takes the clipping, which any optimizer may have, out of a configuration whose every key is
/// checked here, so that a misspelt one is told with all that there are.
Clipping take_clipping(const std::string& class_name, Json& config) {
    Json schema = part_schema("optimizer", class_name);
    for (const char* key : {"clipvalue", "clipnorm", "global_clipnorm"})
        schema[key] = {{"type", "float"}, {"above", 0}, {"nullable", true}};
    const Json checked = apply_schema(without_common_keys(config, schema), schema.dump(),
                                      fmt::format("optimizer {}", class_name));
    const auto take = [&](const char* key) -> std::optional<double> {
        config.erase(key);
        const Json& value = checked.at(key);
        return value.is_null() ? std::nullopt : std::optional(value.get<double>());
    };
    return {take("clipvalue"), take("clipnorm"), take("global_clipnorm")};
}

Value norm_of_square(Value squared_sum) { return sqrt(squared_sum); }
Value square_sum(Value g) { return reduce_sum(square(g), all_axes(g)); }

/// g * limit / max(norm, limit)
Value scale_to(Value g, Value norm, double limit) { return g * (limit / maximum(norm, limit)); }

} // namespace

double stated_learning_rate(const std::string& class_name, const Json& config) {
    if (config.contains("learning_rate")) {
        const Json& rate = config.at("learning_rate");
        if (!rate.is_number() || rate.get<double>() < 0)
            throw UsageError(fmt::format("optimizer {}: `learning_rate` must be a number of at "
                                         "least 0, got {}",
                                         class_name, rate.dump()));
        return rate.get<double>();
    }
    const Json schema = part_schema("optimizer", class_name);
    return schema.contains("learning_rate") ? schema.at("learning_rate").value("default", 0.001)
                                            : 0.001;
}

Updates add_updates(Graph& graph, const Json& optimizer, ValueId loss, bool scale_loss) {
    auto [class_name, config] = part_spec(optimizer);
    drop_neutral_settings(config);
    Json schedule;
    if (config.contains("learning_rate") && config.at("learning_rate").is_object()) {
        schedule = config.at("learning_rate");
        try {
            part_spec(schedule);
        } catch (const Error& e) {
            throw UsageError(
                fmt::format("optimizer {}: `learning_rate`: {}", class_name, e.what()));
        }
        config.erase("learning_rate");
        if (schedule.contains("learning_rate"))
            config["learning_rate"] = schedule.at("learning_rate");
    }
    const Clipping clip = take_clipping(class_name, config);

    const ValueId rate_input = graph.add_input("learning_rate", {DType::F32, {}});
    ValueId iterations = graph.add_input("iterations", {DType::F32, {}});
    const ValueId epoch = graph.add_input("epoch", {DType::F32, {}});
    BuildHooks none;
    lm_graph context{graph, none, LM_MODE_TRAIN, "optimizer", "", {}};
    plugin::Graph builder(host_table(), &context);
    std::optional<LossScale> scale;
    if (scale_loss) {
        scale.emplace(graph, builder);
        iterations = scale->iterations({builder, iterations}).id();
        loss = scale->scaled({builder, loss}).id();
    }
    Updates out{stated_learning_rate(class_name, config), kNone, {}};
    ValueId rate = rate_input;
    if (!schedule.is_null())
        rate = out.scheduled_rate =
            apply_part(context, "schedule", schedule, {rate_input, iterations, epoch}).at(0);

    std::vector<Variable> targets;
    std::vector<ValueId> values;
    for (const Variable& v : graph.variables())
        if (v.trainable)
            targets.push_back(v), values.push_back(v.value);
    auto gradients = differentiate(graph, loss, values);
    if (scale) {
        scale->judge(gradients);
        for (ValueId& g : gradients)
            if (g != kNone)
                g = scale->unscaled({builder, g}).id();
    }

    Value global_norm;
    if (clip.global_norm)
        for (const ValueId g : gradients) {
            if (g == kNone)
                continue;
            const Value squares = square_sum({builder, g});
            global_norm = global_norm ? global_norm + squares : squares;
        }
    if (global_norm)
        global_norm = norm_of_square(global_norm);

    for (size_t i = 0; i < targets.size(); ++i) {
        if (gradients[i] == kNone)
            continue; // the loss does not depend on it
        out.gradients.emplace_back(targets[i].name, gradients[i]);
        context.layer = targets[i].layer;
        context.prefix = "update/";
        Value g(builder, gradients[i]);
        if (clip.value)
            g = maximum(minimum(g, *clip.value), -*clip.value);
        if (clip.norm)
            g = scale_to(g, norm_of_square(square_sum(g)), *clip.norm);
        if (clip.global_norm)
            g = scale_to(g, global_norm, *clip.global_norm);
        OptimizerHooks hooks(targets[i].name, scale ? &*scale : nullptr);
        lm_graph update{graph, hooks, LM_MODE_TRAIN, targets[i].name, "update/", {}};
        const auto updated =
            apply_part(update, "optimizer", {{"class_name", class_name}, {"config", config}},
                       {targets[i].value, g.id(), rate, iterations});
        hooks.assign(update, targets[i].value, updated.at(0));
    }
    return out;
}

} // namespace lamina
