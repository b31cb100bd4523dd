#include "model/checkpoint.hpp"

#include <cerrno>
#include <cmath>
#include <filesystem>
#include <limits>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include "io/json.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"

namespace lamina {

namespace {

constexpr const char* kKey = "lamina_checkpoint";
constexpr int kVersion = 5;

/// JSON knows no NaN and no infinity: they are written as texts.
Json number(double value) {
    if (std::isfinite(value))
        return value;
    return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf";
}

double number_from(const Json& json) {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    for (const double value : {std::numeric_limits<double>::quiet_NaN(), infinity, -infinity})
        if (json == number(value))
            return value;
    return json.get<double>();
}

Json to_json(const Values& values) {
    Json out = Json::array();
    for (const auto& [name, value] : values)
        out.push_back(Json::array({name, number(value)}));
    return out;
}

Values values_from(const Json& json) {
    Values out;
    for (const Json& v : json)
        out.emplace_back(v.at(0).get<std::string>(), number_from(v.at(1)));
    return out;
}

Json to_json(const History& history) {
    Json out = Json::array();
    for (const EpochRecord& e : history.epochs)
        out.push_back({{"epoch", e.epoch}, {"values", to_json(e.values)}, {"seconds", e.seconds}});
    return out;
}

History history_from(const Json& json) {
    History out;
    for (const Json& e : json)
        out.epochs.push_back(
            {e.at("epoch").get<int>(), values_from(e.at("values")), e.at("seconds").get<double>()});
    return out;
}

Json optional_number(const std::optional<double>& value) { return value ? number(*value) : Json(); }

std::optional<double> optional_from(const Json& json) {
    return json.is_null() ? std::nullopt : std::optional(number_from(json));
}

/// By variable, exact: powers of two and counts.
Json loss_scale_of(const Model::State& state) {
    Json out = Json::object();
    for (const std::string& name : state.loss_scale_names())
        out[name] = state.value_of(name).item<float>();
    return out;
}

Json to_json(const std::optional<EarlyStopper::Standing>& s) {
    if (!s)
        return {};
    return {{"best", optional_number(s->best)}, {"wait", s->wait}, {"best_epoch", s->best_epoch}};
}

std::optional<EarlyStopper::Standing> stopping_from(const Json& json) {
    if (json.is_null())
        return std::nullopt;
    return EarlyStopper::Standing{optional_from(json.at("best")), json.at("wait").get<int>(),
                                  json.at("best_epoch").get<int>()};
}

Json to_json(const std::optional<PlateauReducer::Standing>& s) {
    if (!s)
        return {};
    return {{"best", optional_number(s->best)}, {"wait", s->wait}, {"cooldown", s->cooldown}};
}

std::optional<PlateauReducer::Standing> reducing_from(const Json& json) {
    if (json.is_null())
        return std::nullopt;
    return PlateauReducer::Standing{optional_from(json.at("best")), json.at("wait").get<int>(),
                                    json.at("cooldown").get<int>()};
}

Checkpoint checkpoint_from(const Json& json) {
    Checkpoint c;
    c.epoch = json.at("epoch").get<int>();
    c.batch = json.at("batch").get<int64_t>();
    c.samples = json.at("samples").get<double>();
    c.sums = values_from(json.at("sums"));
    c.scheduled_rate = optional_from(json.at("scheduled_learning_rate"));
    c.best = optional_from(json.at("best"));
    c.stopping = stopping_from(json.at("early_stopping"));
    c.reducing = reducing_from(json.at("reduce_on_plateau"));
    c.history = history_from(json.at("history"));
    for (const auto& [name, value] : json.at("settings").items())
        c.settings.emplace_back(name, value.get<std::string>());
    return c;
}

/// All of the model's weights, or none. Throws Error for those of another model.
std::map<std::string, Tensor> best_weights_from(const lm_store& store, const Model::State& state,
                                                const std::string& path) {
    std::map<std::string, Tensor> found, out;
    for (const StoredTensor& t : store.tensors)
        if (t.group == kCheckpointGroup)
            found.emplace(t.name, t.data);
    if (found.empty())
        return out;
    for (const Variable& v : state.model_variables()) {
        const auto it = found.find(v.name);
        if (it == found.end() || !(TensorType{it->second.dtype(), it->second.shape()} == v.type))
            fail(StatusCode::InvalidArgument,
                 fmt::format("{}: damaged: the best weights lack {}", path, v.name));
        out.insert(*it);
    }
    return out;
}

} // namespace

static void make_folder(const std::string& folder) {
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (code)
        fail(StatusCode::Io, fmt::format("--checkpoint-dir {}: cannot make the folder: {}", folder,
                                         code.message()));
}

static std::string checkpoint_file(const std::string& folder) {
    return (std::filesystem::path(folder) / "checkpoint.h5").string();
}

CheckpointFolder::CheckpointFolder(const std::string& folder) {
    make_folder(folder);
    lock_ = FileDescriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    // File systems without such locks leave two runs at once to the user.
    if (lock_ && ::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        throw UsageError(fmt::format("--checkpoint-dir {}: another run writes its checkpoints "
                                     "there; give this one a folder of its own",
                                     folder));
    check_model_file(checkpoint_file(folder));
}

std::string save_checkpoint(const std::string& folder, const Model::State& state,
                            const Checkpoint& c) {
    make_folder(folder);
    lm_store store = to_store(state, true);
    Json settings = Json::object();
    for (const auto& [name, value] : c.settings)
        settings[name] = value;
    const Json json = {{"version", kVersion},
                       {"epoch", c.epoch},
                       {"batch", c.batch},
                       {"samples", c.samples},
                       {"sums", to_json(c.sums)},
                       {"scheduled_learning_rate", optional_number(c.scheduled_rate)},
                       {"best", optional_number(c.best)},
                       {"early_stopping", to_json(c.stopping)},
                       {"reduce_on_plateau", to_json(c.reducing)},
                       {"iterations", state.iterations},
                       {"learning_rate", optional_number(state.learning_rate)},
                       {"loss_scale", loss_scale_of(state)},
                       {"history", to_json(c.history)},
                       {"settings", settings}};
    store.texts[kKey] = json.dump();
    for (const auto& [name, value] : c.best_weights)
        store.tensors.push_back({kCheckpointGroup, name, value});
    std::string path = checkpoint_file(folder);
    write_store(path, store);
    return path;
}

Checkpoint load_checkpoint(const std::string& given, Model::State& state) {
    const std::string path = is_folder(given) ? checkpoint_file(given) : given;
    const lm_store store = read_store(path);
    const auto text = store.texts.find(kKey);
    if (text == store.texts.end())
        fail(
            StatusCode::InvalidArgument,
            fmt::format("{}: a model file, but no checkpoint: it does not say where training stood",
                        path));
    const Json json = parse_json(text->second, path);
    try {
        if (json.at("version") != kVersion)
            fail(StatusCode::Unsupported,
                 fmt::format("{}: a checkpoint of version {}, this program reads version {}", path,
                             json.at("version").dump(), kVersion));
        Checkpoint c = checkpoint_from(json);
        c.best_weights = best_weights_from(store, state, path);
        load_variables(state, store, path, true);
        state.iterations = json.at("iterations").get<uint64_t>();
        state.learning_rate = optional_from(json.at("learning_rate"));
        const Json loss_scale = json.value("loss_scale", Json::object());
        for (const auto& [name, value] : loss_scale.items())
            state.set_waiting(name, Tensor::scalar(value.get<float>()));
        return c;
    } catch (const Json::exception&) {
        fail(StatusCode::InvalidArgument,
             fmt::format("{}: damaged: what it says of where training stood cannot be read", path));
    }
}

} // namespace lamina
