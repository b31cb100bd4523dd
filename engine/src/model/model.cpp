#include "lamina/model.hpp"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "graph/operators.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/preprocessing.hpp"
#include "lamina/sha256.hpp"
#include "lamina/text.hpp"
#include "model/keras_json.hpp"
#include "model/layer_order.hpp"
#include "model/layer_range.hpp"
#include "model/model_state.hpp"
#include "model/tracer.hpp"
#include "passes/passes.hpp"
#include "plugins/option_text.hpp"

namespace lamina {

namespace {

Json part_json(const std::string& text, const std::string& where) {
    const PartOptions part = parse_part_options(text, where);
    return {{"class_name", part.name}, {"config", part.options}};
}

/// cosine_decay is CosineDecay to Keras.
std::string class_name_of(const std::string& snake) {
    std::string out;
    for (const std::string& word : split(snake, '_'))
        if (!word.empty())
            out += static_cast<char>(std::toupper(static_cast<unsigned char>(word[0]))) +
                   word.substr(1);
    return out;
}

/// In the place of the learning rate, as Keras has it.
void set_schedule(Json& optimizer, const std::string& text) {
    const PartOptions part = parse_part_options(text, "--schedule");
    const Json schema = part_schema("schedule", part.name);
    auto [class_name, config] = part_spec(optimizer);
    Json spec = {{"class_name", class_name_of(part.name)}, {"config", part.options}};
    if (config.contains("learning_rate") && config.at("learning_rate").is_number()) {
        Json& rate = schema.contains("initial_learning_rate")
                         ? spec["config"]["initial_learning_rate"]
                         : spec["learning_rate"];
        if (rate.is_null())
            rate = config.at("learning_rate");
    }
    config["learning_rate"] = spec;
    optimizer = {{"class_name", class_name}, {"config", config}};
}

} // namespace

Model::Model(std::unique_ptr<State> state) : state_(std::move(state)) {}
Model::Model(Model&&) noexcept = default;
Model& Model::operator=(Model&&) noexcept = default;
Model::~Model() = default;

Model::Model(const std::vector<int64_t>& input_shape, const std::string& name)
    : state_(std::make_unique<State>()) {
    state_->architecture.name = name;
    state_->architecture.sequential = true;
    Json batch_shape = Json::array({nullptr});
    for (const int64_t d : input_shape)
        batch_shape.push_back(d);
    state_->architecture.outputs = {
        add_layer(state_->architecture, "InputLayer", {{"batch_shape", batch_shape}}, {})};
}

Model Model::zoo(const std::string& spec, const Config& config) {
    const PartOptions part = parse_part_options(spec, "MODEL");
    Json options = parse_json(config.json(), "model " + part.name);
    options.update(part.options);
    auto state = std::make_unique<State>();
    state->architecture = build_zoo_model(part.name, options);
    Model model(std::move(state));
    model.state_->architecture.class_names = model.class_names(); // none of a net of other classes
    return model;
}

Model& Model::add(const std::string& class_name, const Config& config) {
    Architecture& a = state_->architecture;
    if (a.outputs.size() != 1)
        fail(StatusCode::InvalidArgument,
             fmt::format("model {} has {} outputs; a layer is added behind one", a.name,
                         a.outputs.size()));
    Architecture longer = a;
    longer.outputs = {
        add_layer(longer, class_name, parse_json(config.json(), class_name), a.outputs)};
    prediction_graph(longer, {}, 1); // so that what does not fit shows at the layer's own line
    a = std::move(longer);
    state_->forget_programs();
    return *this;
}

void Model::set_trainable(const std::string& layers) {
    const LayerRange chosen(state_->architecture, layers);
    for (size_t i = 0; i < state_->architecture.layers.size(); ++i)
        state_->architecture.layers[i].trainable = chosen.has(i);
    state_->forget_programs();
    state_->forget_optimizer();
}

void Model::set_preprocessing(const std::string& name) {
    parse_preprocessing(name);
    state_->architecture.preprocessing = name;
    state_->forget_programs();
}

void Model::name_classes(const Dataset& data) {
    if (static_cast<int64_t>(data.class_names().size()) == classes())
        state_->architecture.class_names = data.class_names();
}

void Model::use(const std::string& backend, Fallback fallback) {
    if (state_->store) {
        for (const std::string& name : variable_names(true))
            state_->waiting[name] = state_->value_of(name);
        state_->forget_programs();
        state_->store.reset();
        state_->plan_.reset();
        state_->has_value_.clear();
    }
    state_->backend = backend;
    state_->fallback = fallback;
}

void Model::set_tuned(bool tuned) {
    if (state_->tuned != tuned)
        state_->forget_programs();
    state_->tuned = tuned;
}

std::shared_ptr<const TunedPlan> Model::tuned_plan() { return state_->tuned_plan(); }

void Model::set_precision(Precision precision) {
    if (state_->precision != precision)
        state_->forget_programs();
    state_->precision = precision;
}

Precision Model::precision() const { return state_->precision; }

void Model::compile(const Training& training) {
    TrainingConfig config = state_->training;
    if (!training.optimizer.empty())
        config.optimizer = part_json(training.optimizer, "--optimizer");
    if (!training.schedule.empty())
        set_schedule(config.optimizer, training.schedule);
    if (!training.loss.empty())
        config.loss = part_json(training.loss, "--loss");
    config.metrics.clear();
    for (const std::string& m : training.metrics)
        config.metrics.push_back(part_json(m, "--metrics"));
    training_graph(state_->architecture, config, {}, 1); // what is wrong shows now
    state_->training = std::move(config);
    state_->forget_programs();
    if (!training.optimizer.empty())
        state_->forget_optimizer();
}

void Model::initialize(uint64_t seed) {
    state_->initialize(prediction_graph(state_->architecture, {}, 1).graph, seed);
}

void Model::initialize(uint64_t seed, const Executable& program) {
    state_->initialize(program.graph(), seed);
}

Tensor Model::predict(const Tensor& x, int64_t batch_size) {
    return predict(std::vector<Tensor>{x}, batch_size).front();
}

Tensor Model::predict_samples(const Tensor& samples, const Dataset& data) {
    initialize(1);
    const SampleFormat format{samples.dtype(), data.scale(), data.shift(),
                              data.sample().dtype == DType::U8};
    return state_->compiled(Mode::Predict, samples.shape().front(), format)
        .executable->run({{input_name(state_->architecture, 0), samples}})
        .at(output_name(0));
}

std::vector<Tensor> Model::predict(const std::vector<Tensor>& inputs, int64_t batch_size) {
    if (inputs.size() != state_->architecture.inputs.size())
        throw ShapeError(fmt::format("predict: model {} has {} inputs, got {}", name(),
                                     state_->architecture.inputs.size(), inputs.size()));
    for (const Tensor& x : inputs)
        if (x.shape().rank() == 0 || x.shape().front() != inputs[0].shape().front())
            throw ShapeError(fmt::format("predict: expected as many samples [n, ...] of every "
                                         "input, got {} and {}",
                                         inputs[0].shape().to_string(), x.shape().to_string()));
    initialize(1);
    const int64_t n = inputs[0].shape().front();
    std::vector<Tensor> all;
    for (int64_t at = 0; at < n; at += batch_size) {
        const int64_t end = std::min(n, at + batch_size);
        const auto program = state_->compiled(Mode::Predict, end - at, {}).executable;
        std::map<std::string, Tensor> rows;
        for (size_t i = 0; i < inputs.size(); ++i)
            rows.emplace(input_name(state_->architecture, i), inputs[i].rows(at, end));
        const auto out = program->run(rows);
        for (size_t i = 0; i < state_->architecture.outputs.size(); ++i) {
            const Tensor& y = out.at(output_name(i));
            if (at == 0) {
                Shape shape = y.shape();
                shape[0] = n;
                all.push_back(Tensor::uninitialized(y.dtype(), shape));
            }
            Tensor target = all[i].rows(at, end);
            std::copy(y.raw_bytes().begin(), y.raw_bytes().end(), target.raw_bytes().begin());
        }
    }
    return all;
}

std::string Model::architecture_json() const { return architecture_to_json(state_->architecture); }
const History& Model::history() const { return state_->history; }
const std::string& Model::name() const { return state_->architecture.name; }
const std::string& Model::preprocessing() const { return state_->architecture.preprocessing; }

std::vector<std::string> Model::class_names() const {
    const std::vector<std::string>& names = state_->architecture.class_names;
    if (static_cast<int64_t>(names.size()) != classes())
        return {}; // a net of other classes than its kind's
    return names;
}

Model Model::part(const Architecture& architecture) const {
    auto state = std::make_unique<State>();
    state->architecture = in_keras_order(architecture);
    state->training = state_->training;
    state->backend = state_->backend;
    state->fallback = state_->fallback;
    state->tuned = state_->tuned;
    state->precision = state_->precision;
    for (const Variable& v : state->model_variables())
        if (state_->has_value(v.name))
            state->set_waiting(v.name, state_->value_of(v.name));
    return Model(std::move(state));
}

Model Model::up_to(const std::vector<std::string>& layers) const {
    Architecture cut = state_->architecture;
    cut.outputs.clear();
    for (const std::string& layer : layers)
        cut.outputs.push_back({static_cast<int>(layer_index(cut, layer)), 0, 0});
    return part(cut);
}

Model Model::behind(const std::string& layer) const {
    Architecture cut = state_->architecture;
    const size_t at = layer_index(cut, layer);
    Json batch_shape = Json::array({nullptr});
    const std::vector<LayerSummary> before = up_to({layer}).summary();
    for (const int64_t d : before.back().output_shape)
        if (d >= 0) // the batch is -1
            batch_shape.push_back(d);
    cut.layers[at].class_name = "InputLayer";
    cut.layers[at].config = {{"batch_shape", batch_shape}};
    cut.layers[at].calls = {{}};
    cut.inputs = {{static_cast<int>(at), 0, 0}};
    cut.preprocessing.clear();
    Model rest = part(cut);
    for (const LayerSpec& other : rest.state_->architecture.layers)
        if (other.class_name == "InputLayer" && other.name != layer)
            throw UsageError(
                fmt::format("model {} cannot be cut behind layer `{}`: something behind "
                            "it reads what lies before",
                            name(), layer));
    return rest;
}

std::vector<int64_t> Model::input_shape() const {
    return lamina::input_shape(state_->architecture);
}
Device& Model::device() { return *state_->variables().device(); }

int64_t Model::classes() const {
    const StepGraph step = prediction_graph(state_->architecture, {}, 1);
    return step.graph.type(step.graph.outputs().at(0).second).shape.back();
}

std::vector<LayerSummary> Model::summary() const {
    const Architecture& a = state_->architecture;
    Graph graph;
    LayerTracer tracer(graph, LM_MODE_INFER);
    tracer.trace(a, 1);
    std::vector<LayerSummary> out;
    for (size_t i = 0; i < a.layers.size(); ++i) {
        const LayerSpec& layer = a.layers[i];
        LayerSummary row{layer.name, layer.class_name, {}, 0, 0, {}, 0};
        const Shape& shape = graph.type(tracer.values()[i][0][0]).shape;
        row.output_shape.assign(shape.begin(), shape.end());
        if (!row.output_shape.empty())
            row.output_shape[0] = -1;
        for (const TensorRef& ref : layer.calls[0])
            row.inputs.push_back(a.layers[static_cast<size_t>(ref.layer)].name);
        for (const Variable& v : graph.variables()) {
            if (v.layer != layer.name)
                continue;
            row.parameters += v.type.shape.elements();
            if (v.trainable)
                row.trainable_parameters += v.type.shape.elements();
        }
        for (const Node& node : graph.nodes())
            if (node.layer == layer.name)
                row.flops += cost_of(graph, node).flops;
        out.push_back(std::move(row));
    }
    return out;
}

std::vector<std::string> Model::variable_names(bool with_slots) const {
    std::vector<std::string> out;
    for (const Variable& v : state_->model_variables())
        out.push_back(v.name);
    if (!with_slots)
        return out;
    for (const auto& names : {state_->slot_names(), state_->loss_scale_names()})
        out.insert(out.end(), names.begin(), names.end());
    return out;
}

Tensor Model::variable(const std::string& name) const { return state_->value_of(name); }

void Model::set_variable(const std::string& name, const Tensor& value) {
    for (const Variable& v : state_->model_variables())
        if (v.name == name && !(v.type == TensorType{value.dtype(), value.shape()}))
            throw ShapeError(fmt::format("variable {}: expected {}, got {}", name,
                                         v.type.to_string(),
                                         TensorType{value.dtype(), value.shape()}.to_string()));
    state_->set_waiting(name, value);
}

std::string Model::weights_sha256() const {
    Sha256 hash;
    for (const Variable& v : state_->model_variables()) {
        const Tensor value = state_->value_of(v.name);
        hash.update(value.raw_bytes());
    }
    return hash.hex();
}

std::shared_ptr<Executable> Model::executable(Mode mode, int64_t batch, DType sample, double scale,
                                              double shift) {
    return state_->compiled(mode, batch, {sample, scale, shift}).executable;
}

Graph Model::graph(Mode mode, int64_t batch, bool optimized) {
    return optimized ? executable(mode, batch)->graph() : state_->build(mode, batch, {}).graph;
}

MemoryUse Model::planned_memory(Mode mode, int64_t batch, DType sample) {
    return plan_only(state_->build(mode, batch, {sample, 1.0 / 255, 0}).graph, device(),
                     state_->compile_options());
}

} // namespace lamina
