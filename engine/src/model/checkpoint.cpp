#include "model/checkpoint.hpp"

#include <cmath>
#include <filesystem>
#include <limits>

#include <fmt/format.h>

#include "io/json.hpp"
#include "lamina/error.hpp"

namespace lamina {

namespace {

constexpr const char* kKey = "lamina_checkpoint";
constexpr int kVersion = 2;

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

Checkpoint checkpoint_from(const Json& json) {
    Checkpoint c;
    c.epoch = json.at("epoch").get<int>();
    c.batch = json.at("batch").get<int64_t>();
    c.samples = json.at("samples").get<double>();
    c.sums = values_from(json.at("sums"));
    c.standing = {optional_from(json.at("best")), json.at("since_best").get<int>(),
                  json.at("since_drop").get<int>()};
    c.history = history_from(json.at("history"));
    for (const auto& [name, value] : json.at("settings").items())
        c.settings.emplace_back(name, value.get<std::string>());
    return c;
}

} // namespace

std::string save_checkpoint(const std::string& folder, const Model::State& state,
                            const Checkpoint& c) {
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (code)
        fail(StatusCode::Io, fmt::format("--checkpoint-dir {}: {}", folder, code.message()));
    lm_store store = to_store(state, true);
    Json settings = Json::object();
    for (const auto& [name, value] : c.settings)
        settings[name] = value;
    const Json json = {{"version", kVersion},
                       {"epoch", c.epoch},
                       {"batch", c.batch},
                       {"samples", c.samples},
                       {"sums", to_json(c.sums)},
                       {"best", optional_number(c.standing.best)},
                       {"since_best", c.standing.since_best},
                       {"since_drop", c.standing.since_drop},
                       {"iterations", state.iterations},
                       {"learning_rate", optional_number(state.learning_rate)},
                       {"loss_scale", loss_scale_of(state)},
                       {"history", to_json(c.history)},
                       {"settings", settings}};
    store.texts[kKey] = json.dump();
    std::string path = (std::filesystem::path(folder) / "checkpoint.h5").string();
    write_store(path, store);
    return path;
}

Checkpoint load_checkpoint(const std::string& given, Model::State& state) {
    const std::string path = std::filesystem::is_directory(given)
                                 ? (std::filesystem::path(given) / "checkpoint.h5").string()
                                 : given;
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
