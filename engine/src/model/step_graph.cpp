#include "model/step_graph.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "graph/autodiff.hpp"
#include "graph/operators.hpp"
#include "lamina/error.hpp"
#include "lamina/plugin/graph.hpp"
#include "lamina/preprocessing.hpp"
#include "model/optimizer_graph.hpp"
#include "model/tracer.hpp"
#include "passes/mixed_precision.hpp"
#include "plugins/host.hpp"

namespace lamina {

namespace {

using plugin::Value;

/// A context for the engine's own nodes, with the SDK's functions over it.
class Scope {
  public:
    Scope(Graph& graph, BuildHooks& hooks, const std::string& layer, int32_t mode)
        : context_{graph, hooks, mode, layer, "", {}}, builder_(host_table(), &context_) {}
    lm_graph& context() { return context_; }
    Value value(ValueId id) { return {builder_, id}; }
    Value constant(const plugin::Dims& dims, std::span<const float> data) {
        return builder_.constant(dims, data);
    }

  private:
    lm_graph context_;
    plugin::Graph builder_;
};

TensorType sample_type(const Architecture& model, size_t input, const SampleFormat& format,
                       int64_t batch) {
    auto dims = input_shape(model, input);
    for (const int64_t d : dims)
        if (d < 1)
            fail(StatusCode::Unsupported,
                 fmt::format("the input shape {} of model {} is not fully known; its file must "
                             "state it",
                             Shape(dims).to_string(), model.name));
    dims.insert(dims.begin(), batch);
    return {format.dtype, Shape(dims)};
}

/// Pixels of 0 to 255 as a net of the zoo was trained on them.
Value preprocessed(Scope& scope, const Architecture& model, Value x) {
    const int64_t channels = x.dim(-1);
    const Preprocessing how = parse_preprocessing(model.preprocessing);
    const ChannelMap map = channel_map(how, static_cast<int>(channels));
    if (map.reversed) {
        const auto rank = static_cast<size_t>(x.rank());
        plugin::Dims begin(rank, 0), size = x.shape();
        plugin::Values parts;
        size.back() = 1;
        for (begin.back() = channels - 1; begin.back() >= 0; --begin.back())
            parts.push_back(slice(x, begin, size, plugin::Dims(rank, 1)));
        x = concat(parts, x.rank() - 1);
    }
    const plugin::Dims each{channels};
    return x * scope.constant(each, map.scale) + scope.constant(each, map.shift);
}

/// Samples as the model sees them.
Value prepared_input(Graph& graph, Scope& scope, const Architecture& model, size_t input,
                     const SampleFormat& format, int64_t batch) {
    Value x = cast(scope.value(graph.add_input(input_name(model, input),
                                               sample_type(model, input, format, batch))),
                   LM_F32);
    if (format.pixels && !model.preprocessing.empty())
        return preprocessed(scope, model, x);
    if (format.scale != 1)
        x = x * format.scale;
    if (format.shift != 0)
        x = x + format.shift;
    return x;
}

std::string name_of(const Json& spec) { return snake_case(part_spec(spec).first); }

bool wants_class_indices(const std::string& name) { return name.starts_with("sparse_"); }

/// The labels as a loss or metric wants them: class indices, one-hot rows, or numbers shaped as the
/// prediction.
Value labels_for(const std::string& name, Value labels, Value prediction) {
    if (wants_class_indices(name) || name == "confusion_matrix")
        return labels;
    const int64_t classes = prediction.dim(-1);
    const bool a_class_a_sample = prediction.rank() == 2 && classes > 1;
    if (!a_class_a_sample && Shape(prediction.shape()).elements() != labels.dim(0))
        throw ShapeError(fmt::format(
            "{}: labels are one number a sample, the model's output is {}; it should be [batch, "
            "classes] or [batch, 1]",
            name, Shape(prediction.shape()).to_string()));
    if (a_class_a_sample)
        return one_hot(labels, classes);
    return reshape(cast(labels, LM_F32), prediction.shape());
}

/// "accuracy" means the kind that fits the loss.
std::string resolve_metric(const std::string& name, const std::string& loss, Value prediction) {
    if (name != "accuracy" && name != "acc")
        return name;
    if (wants_class_indices(loss))
        return "sparse_categorical_accuracy";
    return prediction.dim(-1) == 1 ? "binary_accuracy" : "categorical_accuracy";
}

void add_metrics(StepGraph& step, Scope& scope, const TrainingConfig& config, Value labels,
                 Value prediction) {
    const std::string loss = name_of(config.loss);
    for (const Json& spec : config.metrics) {
        auto [given, settings] = part_spec(spec);
        const std::string name = resolve_metric(snake_case(given), loss, prediction);
        const Value truth = labels_for(name, labels, prediction);
        Value out = scope.value(apply_part(scope.context(), "metric",
                                           {{"class_name", name}, {"config", settings}},
                                           {truth.id(), prediction.id()})
                                    .at(0));
        const bool mean = out.rank() == 1 && out.dim(0) == labels.dim(0);
        if (mean)
            out = reduce_mean(out, {0});
        const std::string label = given == "acc" ? "accuracy" : snake_case(given);
        step.graph.add_output(label, out.id());
        step.metrics.push_back({label, mean});
    }
}

Value mean_loss(Scope& scope, const TrainingConfig& config, Value labels, Value prediction) {
    const Value truth = labels_for(name_of(config.loss), labels, prediction);
    const Value each = scope.value(
        apply_part(scope.context(), "loss", config.loss, {truth.id(), prediction.id()}).at(0));
    return each.rank() == 0 ? each : reduce_mean(each, all_axes(each));
}

/// The model's outputs, f32, of values that are stored as the precision says.
std::vector<ValueId> trace(Graph& graph, LayerTracer& layers, const Architecture& model,
                           int64_t batch, Precision precision, const std::vector<ValueId>& inputs) {
    std::vector<ValueId> outputs = layers.trace(model, batch, inputs);
    if (precision == Precision::Float32)
        return outputs;
    Rewritten stored = store_as(graph, precision == Precision::Mixed ? DType::F16 : DType::BF16);
    graph = std::move(stored.graph);
    layers.follow(stored.values);
    Scope scope(graph, layers, "output", LM_MODE_INFER);
    for (ValueId& v : outputs)
        v = cast(scope.value(stored.values[static_cast<size_t>(v)]), LM_F32).id();
    return outputs;
}

Value single_output(Scope& scope, const Architecture& model, const std::vector<ValueId>& outputs) {
    if (outputs.size() != 1)
        fail(StatusCode::Unsupported,
             fmt::format("model {} has {} outputs; training and evaluation take one", model.name,
                         outputs.size()));
    return scope.value(outputs[0]);
}

/// From x and y to the outputs `loss` and the metrics. Returns the loss, with what regularizers add
/// in training.
ValueId add_forward(StepGraph& step, LayerTracer& layers, int32_t mode, const Architecture& model,
                    const TrainingConfig& config, const SampleFormat& format, int64_t batch,
                    Precision precision) {
    if (model.inputs.size() != 1)
        fail(StatusCode::Unsupported,
             fmt::format("model {} has {} inputs; training and evaluation take one", model.name,
                         model.inputs.size()));
    Graph& graph = step.graph;
    Scope input(graph, layers, "input", mode), loss_scope(graph, layers, "loss", mode),
        metric_scope(graph, layers, "metrics", mode);
    const Value x = prepared_input(graph, input, model, 0, format, batch);
    const Value prediction =
        single_output(loss_scope, model, trace(graph, layers, model, batch, precision, {x.id()}));
    const Value labels = loss_scope.value(graph.add_input("y", {DType::I64, {batch}}));
    Value loss = mean_loss(loss_scope, config, labels, prediction);
    for (const ValueId extra : layers.losses())
        loss = loss + reshape(cast(loss_scope.value(extra), LM_F32), {});
    graph.add_output("loss", loss.id());
    add_metrics(step, metric_scope, config, labels, prediction);
    return loss.id();
}

/// Outputs that say whether values are finite, numbered in the order in which a step computes them.
class FiniteChecks {
  public:
    FiniteChecks(Graph& graph, BuildHooks& hooks)
        : graph_(graph), scope_(graph, hooks, "check", LM_MODE_TRAIN) {}

    void add(const std::string& what, ValueId value) {
        if (!is_floating(graph_.type(value).dtype))
            return;
        const Value finite = cast(is_finite(scope_.value(value)), LM_F32);
        const Value all = reduce("reduce_min", finite, all_axes(finite), false);
        graph_.add_output(fmt::format("finite {:04} {}", count_++, what), all.id());
    }

  private:
    Graph& graph_;
    Scope scope_;
    int count_ = 0;
};

void add_finite_checks(Graph& graph, LayerTracer& layers, const Architecture& model, ValueId loss,
                       const Updates& updates) {
    FiniteChecks checks(graph, layers);
    for (size_t i = 0; i < model.layers.size(); ++i)
        for (const auto& call : layers.values()[i])
            for (const ValueId v : call)
                checks.add(fmt::format("the output of layer {}", model.layers[i].name), v);
    checks.add("the loss", loss);
    // The last layer's come first.
    for (auto it = updates.gradients.rbegin(); it != updates.gradients.rend(); ++it)
        checks.add(fmt::format("the gradient of {}", it->first), it->second);
    for (const Variable& v : graph.variables())
        if (v.update != kNone)
            checks.add(fmt::format("the new value of {}", v.name), v.update);
}

} // namespace

StepGraph training_graph(const Architecture& model, const TrainingConfig& config,
                         const SampleFormat& format, int64_t batch, Precision precision) {
    StepGraph step;
    LayerTracer layers(step.graph, LM_MODE_TRAIN);
    const ValueId loss =
        add_forward(step, layers, LM_MODE_TRAIN, model, config, format, batch, precision);
    const bool scaled = precision == Precision::Mixed;
    Updates updates = add_updates(step.graph, config.optimizer, loss, scaled);
    if (scaled)
        updates.gradients.clear(); // one that is not finite skips the step, and is no mistake
    step.learning_rate = updates.learning_rate;
    if (updates.scheduled_rate != kNone)
        step.graph.add_output("scheduled_learning_rate", updates.scheduled_rate);
    if (config.check_finite)
        add_finite_checks(step.graph, layers, model, loss, updates);
    if (precision != Precision::Float32)
        step.graph = keep_f32_sums(step.graph);
    return step;
}

StepGraph evaluation_graph(const Architecture& model, const TrainingConfig& config,
                           const SampleFormat& format, int64_t batch, Precision precision) {
    StepGraph step;
    LayerTracer layers(step.graph, LM_MODE_INFER);
    add_forward(step, layers, LM_MODE_INFER, model, config, format, batch, precision);
    return step;
}

std::string input_name(const Architecture& model, size_t input) {
    return model.inputs.size() == 1 ? "x" : fmt::format("x{}", input);
}
std::string output_name(size_t output) {
    return output == 0 ? "output" : fmt::format("output_{}", output);
}

/// Whoever collects the samples of several batches counts on it.
static void expect_batch(const Graph& graph, ValueId output, int64_t batch) {
    const Shape& shape = graph.type(output).shape;
    if (shape.rank() == 0 || shape.front() != batch)
        throw ShapeError(fmt::format(
            "{}: its output is {} for a batch of {}; the first dimension must be the batch",
            graph.producer(output).layer, shape.to_string(), batch));
}

StepGraph prediction_graph(const Architecture& model, const SampleFormat& format, int64_t batch,
                           Precision precision) {
    StepGraph step;
    LayerTracer layers(step.graph, LM_MODE_INFER);
    Scope input(step.graph, layers, "input", LM_MODE_INFER);
    std::vector<ValueId> inputs;
    for (size_t i = 0; i < model.inputs.size(); ++i)
        inputs.push_back(prepared_input(step.graph, input, model, i, format, batch).id());
    const auto outputs = trace(step.graph, layers, model, batch, precision, inputs);
    for (size_t i = 0; i < outputs.size(); ++i) {
        expect_batch(step.graph, outputs[i], batch);
        step.graph.add_output(output_name(i), outputs[i]);
    }
    return step;
}

Graph initialization_graph(const std::vector<Variable>& variables) {
    Graph graph;
    for (const Variable& wanted : variables) {
        Variable v = wanted;
        v.update = kNone;
        const ValueId target = graph.add_variable(v);
        LayerTracer hooks(graph, LM_MODE_INFER);
        lm_graph context{graph, hooks, LM_MODE_INFER, "initializer/" + v.name, "", {}};
        const Json extra = {
            {"_shape", std::vector<int64_t>(v.type.shape.begin(), v.type.shape.end())}};
        graph.set_update(target,
                         apply_part(context, "initializer",
                                    parse_json(v.initializer, v.name + ": initializer"), {}, extra)
                             .at(0));
    }
    return graph;
}

} // namespace lamina
