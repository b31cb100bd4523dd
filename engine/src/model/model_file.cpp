#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "lamina/atomic_file.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/log.hpp"
#include "lamina/model.hpp"
#include "lamina/preprocessing.hpp"
#include "lamina/text.hpp"
#include "model/keras_dialect.hpp"
#include "model/keras_json.hpp"
#include "model/keras_optimizer.hpp"
#include "model/model_state.hpp"
#include "model/numbered_slots.hpp"
#include "model/tracer.hpp"
#include "model/weight_match.hpp"
#include "plugins/host.hpp"
#include "plugins/schema.hpp"

namespace lamina {

namespace fs = std::filesystem;

namespace {

constexpr const char* kOptimizerGroup = "optimizer";
/// What pixels become, of a model that knows; Keras's files have no place for it, and Keras does
/// not look at it.
constexpr const char* kPreprocessing = "lamina_preprocessing";
/// The same of its classes: a JSON list.
constexpr const char* kClassNames = "lamina_class_names";

/// The format plugin that knows the file's first bytes.
Part format_of_content(const std::string& path) {
    std::error_code code;
    if (fs::is_directory(path, code))
        fail(StatusCode::Io, fmt::format("{}: is a folder, not a model file", path));
    const Bytes content = read_head(path, 512);
    for (const std::string& name : Registry::global().names("format")) {
        Part part = Registry::global().find("format", name);
        if (part.as<lm_format>().probe(path.c_str(), content.data(), content.size()) != 0)
            return part;
    }
    fail(StatusCode::InvalidArgument,
         fmt::format("{}: not a model file of a known format ({})", path,
                     join(Registry::global().names("format"), ", ")));
}

/// The format plugin for a name to be written.
Part format_of_name(const std::string& path) {
    std::vector<std::string> known;
    std::optional<Part> best;
    size_t longest = 0; // .weights.h5 rather than .h5
    for (const std::string& name : Registry::global().names("format")) {
        Part part = Registry::global().find("format", name);
        for (const std::string& extension : split(part.as<lm_format>().extensions, ',')) {
            known.push_back(extension);
            if (path.ends_with(extension) && extension.size() > longest) {
                longest = extension.size();
                best = part;
            }
        }
    }
    if (best)
        return *best;
    throw UsageError(fmt::format("{}: the extension does not tell the format; known: {}", path,
                                 join(known, ", ")));
}

lm_config default_config(const Part& part) {
    return lm_config(
        apply_schema(Json::object(), part.as<lm_format>().schema, "format " + part.name));
}

/// "conv2d/kernel" is kernel of the group conv2d; a slot keeps its whole name in the group of the
/// optimizer.
StoredTensor stored(const std::string& name, Tensor data) {
    if (name.starts_with("optimizer/"))
        return {kOptimizerGroup, name.substr(10), std::move(data)};
    const auto slash = name.rfind('/');
    return {name.substr(0, slash), name.substr(slash + 1), std::move(data)};
}

/// "categorical_crossentropy" as Keras's class: CategoricalCrossentropy.
std::string camel_case(const std::string& name) {
    std::string out;
    for (size_t i = 0; i < name.size(); ++i)
        if (name[i] != '_')
            out += i == 0 || name[i - 1] == '_'
                       ? static_cast<char>(std::toupper(static_cast<unsigned char>(name[i])))
                       : name[i];
    return out;
}

/// A loss or metric: its name alone, or Keras's class with its configuration.
Json named_part(const Json& spec) {
    const auto [name, config] = part_spec(spec);
    if (config.empty())
        return name;
    return {{"class_name", camel_case(name)}, {"config", config}};
}

Json training_json(const TrainingConfig& config, bool for_keras_3) {
    Json metrics = Json::array();
    for (const Json& metric : config.metrics)
        if (part_spec(metric).first != "confusion_matrix") // which Keras does not have
            metrics.push_back(named_part(metric));
    return {{"optimizer_config", optimizer_for_keras(config.optimizer, for_keras_3)},
            {"loss", named_part(config.loss)},
            {"metrics", metrics},
            {"weighted_metrics", nullptr},
            {"loss_weights", nullptr}};
}

} // namespace

/// Into a file that appears with its commit().
static void write_into(AtomicFile& file, const std::string& path, const lm_store& store) {
    const Part part = format_of_name(path);
    const lm_config config = default_config(part);
    try {
        call(part.as<lm_format>().write, host_table(), &config, file.temporary().c_str(), &store);
    } catch (const Error& e) {
        fail(e.code(), fmt::format("{}: cannot be written: {}", path, e.what()));
    }
}

void check_model_file(const std::string& path) {
    format_of_name(path);
    std::error_code ignored; // the trial tells why
    if (std::filesystem::is_other(path, ignored))
        return; // a pipe or a device, to which nothing can be written on trial
    lm_store store;
    store.texts["architecture"] = Model({1}).architecture_json();
    AtomicFile file(path);
    write_into(file, path, store);
}

lm_store read_store(const std::string& path) {
    const Part part = format_of_content(path);
    const lm_config config = default_config(part);
    lm_store store;
    try {
        call(part.as<lm_format>().read, host_table(), &config, path.c_str(), &store);
    } catch (const Error& e) {
        const std::string message = e.what();
        fail(e.code(), message.starts_with(path) ? message : fmt::format("{}: {}", path, message));
    }
    return store;
}

void write_store(const std::string& path, const lm_store& store) {
    AtomicFile file(path);
    write_into(file, path, store);
    file.commit();
}

void save_tensors(const std::string& path,
                  const std::vector<std::pair<std::string, Tensor>>& tensors,
                  const std::map<std::string, std::string>& texts) {
    lm_store store;
    store.texts = texts;
    for (const auto& [name, data] : tensors)
        store.tensors.push_back({"", name, data});
    write_store(path, store);
}

lm_store to_store(const Model::State& state, bool with_optimizer, bool for_keras_3) {
    lm_store store;
    store.texts["architecture"] = architecture_to_json(state.architecture);
    if (!state.architecture.preprocessing.empty())
        store.texts[kPreprocessing] = state.architecture.preprocessing;
    if (!state.architecture.class_names.empty())
        store.texts[kClassNames] = Json(state.architecture.class_names).dump();
    store.texts["training_config"] =
        training_json(state.training, for_keras_3 || needs_keras_3(state.architecture)).dump();
    for (const Variable& v : state.model_variables())
        store.tensors.push_back(stored(v.name, state.value_of(v.name)));
    if (!with_optimizer)
        return store;
    store.tensors.push_back({kOptimizerGroup, "iterations",
                             Tensor::scalar(static_cast<int64_t>(state.applied_iterations()))});
    for (const std::string& name : state.slot_names())
        store.tensors.push_back(stored(name, state.value_of(name)));
    return store;
}

bool read_training_config(Model::State& state, const lm_store& store, const std::string& source) {
    const auto text = store.texts.find("training_config");
    if (text == store.texts.end())
        return true;
    const Json json = parse_json(text->second, source + ": training_config");
    const auto version = store.texts.find("keras_version");
    const bool before_keras_3 =
        is_before_keras_3(Json::object(), version == store.texts.end() ? "" : version->second);
    const auto stated = [&](const char* key) -> std::optional<Json> {
        if (!json.contains(key))
            return std::nullopt;
        const Json& spec = json.at(key);
        const bool is_part = spec.is_string() || (spec.is_object() && spec.contains("class_name") &&
                                                  spec.at("class_name").is_string());
        return is_part ? std::optional(spec) : std::nullopt;
    };
    if (const auto loss = stated("loss")) {
        if (has_part("loss", part_spec(*loss).first))
            state.training.loss = *loss;
        else
            log_warning(fmt::format("{}: there is no loss `{}` here; it is {} unless --loss names "
                                    "another",
                                    source, part_spec(*loss).first,
                                    part_spec(state.training.loss).first));
    }
    const auto written = stated("optimizer_config");
    if (!written)
        return true;
    const Json optimizer = optimizer_from_keras(*written, before_keras_3);
    if (has_part("optimizer", part_spec(optimizer).first)) {
        state.training.optimizer = optimizer;
        return true;
    }
    log_warning(fmt::format("{}: there is no optimizer `{}` here; its state is left out, and "
                            "training starts anew with {} unless --optimizer names another",
                            source, part_spec(optimizer).first,
                            part_spec(state.training.optimizer).first));
    return false;
}

/// As the tensors inside a .keras are called.
static bool is_number(const std::string& name) {
    return !name.empty() &&
           std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

static void load_slot(Model::State& state, const StoredTensor& t, const VariableNames& name_of) {
    if (t.name == "iterations") {
        state.iterations = static_cast<uint64_t>(t.data.cast(DType::I64).item<int64_t>());
        return;
    }
    const auto slot = t.name.find('/'); // SLOT/LAYER/WEIGHT
    const auto layer = t.name.find('/', slot + 1);
    if (slot == std::string::npos || layer == std::string::npos)
        return state.set_waiting(t.group + "/" + t.name, t.data);
    const std::string weight =
        name_of({t.name.substr(slot + 1, layer - slot - 1), t.name.substr(layer + 1), {}});
    state.set_waiting(t.group + "/" + t.name.substr(0, slot + 1) + weight, t.data);
}

/// Which of the file's weights is which of the model's. Throws Error that lists what does not fit,
/// unless that is allowed.
static WeightMatch matched(const Model::State& state, const std::vector<Variable>& variables,
                           const std::vector<StoredTensor>& weights, const ForeignKernels& as_here,
                           const std::string& source, bool allow_partial) {
    const VariableNames name_of(state.architecture, variables);
    WeightMatch match = by_name(name_of, variables, weights, as_here);
    if (match.complete())
        return match;
    WeightMatch other = by_position(variables, weights, as_here);
    other.by_position = true;
    if (other.complete() || (allow_partial && match.values.empty())) {
        log_info(fmt::format("{}: the names are others than the model's; its weights are taken by "
                             "their position, layer for layer",
                             source));
        match = other;
    }
    if (!match.complete() && (!allow_partial || match.values.empty())) {
        const bool has_names =
            std::none_of(weights.begin(), weights.end(), [](const StoredTensor& t) {
                return t.name.starts_with("param_");
            }); // Keras 0.x
        fail(StatusCode::InvalidArgument,
             fmt::format("{}: the weights do not fit model {}{}", source, state.architecture.name,
                         (has_names ? match : other).what_does_not_fit(name_of)));
    }
    return match;
}

static WeightReport report_of(const WeightMatch& match, const std::string& source) {
    WeightReport report;
    report.source = source;
    report.by_position = match.by_position;
    for (const auto& [variable, tensor, data] : match.values)
        report.loaded.push_back({variable->name, tensor, variable->type.shape});
    for (const std::string& variable : match.missing)
        report.skipped.push_back({variable, "the file has no tensor for it"});
    for (const auto& [variable, reason] : match.wrong)
        report.skipped.push_back({variable, reason});
    for (const StoredTensor* t : match.extra)
        report.unused.push_back({t->group + "/" + t->name, t->data.shape()});
    return report;
}

static bool is_theano(const lm_store& store, const WeightOptions& options) {
    if (options.backend != SourceBackend::Stated)
        return options.backend == SourceBackend::Theano;
    const auto stated = store.texts.find("backend");
    return stated != store.texts.end() && stated->second == "theano";
}

/// By the version that the file states; one without is Keras 1's where kernels are called so.
static bool is_keras_1(const lm_store& store, const std::vector<StoredTensor>& weights) {
    const auto version = store.texts.find("keras_version");
    if (version != store.texts.end() && !version->second.empty())
        return version->second.starts_with("1.");
    return std::any_of(weights.begin(), weights.end(),
                       [](const StoredTensor& t) { return t.name.ends_with("_W"); });
}

void load_variables(Model::State& state, const lm_store& store, const std::string& source,
                    bool with_optimizer, const WeightOptions& options) {
    const std::vector<Variable>& variables = state.model_variables();
    const VariableNames name_of(state.architecture, variables);
    std::vector<StoredTensor> weights;
    std::vector<Tensor> numbered_slots;
    for (const StoredTensor& t : store.tensors) {
        if (t.group == kOptimizerGroup && with_optimizer && is_number(t.name))
            numbered_slots.push_back(t.data);
        else if (t.group == kOptimizerGroup && with_optimizer)
            load_slot(state, t, name_of);
        else if (t.group != kOptimizerGroup && t.group != kCheckpointGroup)
            weights.push_back(t);
    }
    const ForeignKernels as_here(state.architecture,
                                 {.flipped = is_theano(store, options),
                                  .channels_first = options.order == SourceOrder::ChannelsFirst,
                                  .keras_1 = is_keras_1(store, weights)});
    const WeightMatch match =
        matched(state, variables, weights, as_here, source, options.allow_partial);
    for (const auto& [variable, tensor, data] : match.values)
        state.set_waiting(variable->name, data.cast(variable->type.dtype));
    load_numbered_slots(state, variables, numbered_slots, source);
    state.weight_report = report_of(match, source);
}

/// What a file says beyond Keras, of a model that does not state it yet.
static void read_own_texts(Architecture& architecture, const lm_store& store,
                           const std::string& source) {
    const auto how = store.texts.find(kPreprocessing);
    if (how != store.texts.end() && architecture.preprocessing.empty()) {
        parse_preprocessing(how->second);
        architecture.preprocessing = how->second;
    }
    const auto names = store.texts.find(kClassNames);
    if (names == store.texts.end() || !architecture.class_names.empty())
        return;
    try {
        parse_json(names->second, source).get_to(architecture.class_names);
    } catch (const Json::exception&) {
        fail(StatusCode::InvalidArgument,
             fmt::format("{}: damaged: `{}` is no list of texts", source, kClassNames));
    }
}

/// Weights from a file beside the one of the model.
static void take_weights(Model::State& state, const std::string& path,
                         const WeightOptions& options) {
    const lm_store store = read_store(path);
    load_variables(state, store, path, false, options);
    read_own_texts(state.architecture, store, path);
}

Model Model::load(const std::string& path, const std::string& weights,
                  const WeightOptions& options) {
    auto state = std::make_unique<State>();
    const lm_store store = read_store(path);
    const auto architecture = store.texts.find("architecture");
    if (architecture == store.texts.end())
        fail(StatusCode::InvalidArgument, fmt::format("{}: holds weights only, no architecture; "
                                                      "give the model and this file with --weights",
                                                      path));
    const auto version = store.texts.find("keras_version");
    state->architecture = architecture_from_json(
        architecture->second, path, version == store.texts.end() ? "" : version->second);
    read_own_texts(state->architecture, store, path);
    const bool takes_state = read_training_config(*state, store, path);
    if (!weights.empty())
        take_weights(*state, weights, options);
    else if (!store.tensors.empty())
        load_variables(*state, store, path, takes_state, options);
    return Model(std::move(state));
}

void Model::load_weights(const std::string& path, const WeightOptions& options) {
    take_weights(*state_, path, options);
    state_->forget_programs(); // which may see pixels otherwise
}

const WeightReport& Model::weight_report() const { return state_->weight_report; }

void Model::save(const std::string& path) const {
    const_cast<Model*>(this)->initialize(1);           // a model may be saved before it was trained
    const bool for_keras_3 = path.ends_with(".keras"); // no other Keras goes on from one
    write_store(path, to_store(*state_, state_->iterations > 0, for_keras_3));
}

} // namespace lamina
