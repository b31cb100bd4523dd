#include "model/checkpoint.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "io/json.hpp"
#include "lamina/error.hpp"

namespace lamina {

namespace {

constexpr const char* kKey = "lamina_checkpoint";

Json to_json(const Values& values) {
    Json out = Json::array();
    for (const auto& [name, value] : values)
        out.push_back(Json::array({name, value}));
    return out;
}

Values values_from(const Json& json) {
    Values out;
    for (const Json& v : json)
        out.emplace_back(v.at(0).get<std::string>(), v.at(1).get<double>());
    return out;
}

} // namespace

std::string save_checkpoint(const std::string& folder, const Model::State& state,
                            const Checkpoint& c) {
    std::error_code code;
    std::filesystem::create_directories(folder, code);
    if (code)
        fail(StatusCode::Io, fmt::format("--checkpoint-dir {}: {}", folder, code.message()));
    lm_store store = to_store(state, true);
    const Json json = {{"version", 1},
                       {"epoch", c.epoch},
                       {"batch", c.batch},
                       {"samples", c.samples},
                       {"sums", to_json(c.sums)},
                       {"seed", c.seed},
                       {"batch_size", c.batch_size},
                       {"train_limit", c.train_limit},
                       {"validation_split", c.validation_split},
                       {"data", c.data},
                       {"best", c.best},
                       {"has_best", c.has_best},
                       {"since_best", c.since_best},
                       {"since_drop", c.since_drop},
                       {"iterations", state.iterations},
                       {"learning_rate", state.learning_rate ? Json(*state.learning_rate) : Json()},
                       {"history", c.history.to_json()}};
    store.texts[kKey] = json.dump();
    const std::string path = (std::filesystem::path(folder) / "checkpoint.h5").string();
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
    load_variables(state, store, path);
    Checkpoint c;
    c.epoch = json.at("epoch").get<int>();
    c.batch = json.at("batch").get<int64_t>();
    c.samples = json.at("samples").get<double>();
    c.sums = values_from(json.at("sums"));
    c.seed = json.at("seed").get<uint64_t>();
    c.batch_size = json.at("batch_size").get<int64_t>();
    c.train_limit = json.at("train_limit").get<int64_t>();
    c.validation_split = json.at("validation_split").get<double>();
    c.data = json.at("data").get<std::string>();
    c.best = json.at("best").get<double>();
    c.has_best = json.at("has_best").get<bool>();
    c.since_best = json.at("since_best").get<int>();
    c.since_drop = json.at("since_drop").get<int>();
    c.history = History::from_json(json.at("history").get<std::string>());
    state.iterations = json.at("iterations").get<uint64_t>();
    if (!json.at("learning_rate").is_null())
        state.learning_rate = json.at("learning_rate").get<double>();
    return c;
}

} // namespace lamina
