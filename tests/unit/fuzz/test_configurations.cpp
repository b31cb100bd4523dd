#include "fuzz.hpp"

#include "io/json.hpp"
#include "lamina/model.hpp"
#include "lamina/registry.hpp"
#include "plugins/host.hpp"
#include "plugins/schema.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kModelParts = {"layer",  "activation", "initializer", "regularizer",
                                              "format", "optimizer",  "loss"};

/// Any JSON value, often one at an edge.
Json some_value(Draw& draw, int depth = 0) {
    static const std::vector<Json> values = {nullptr,
                                             true,
                                             false,
                                             0,
                                             1,
                                             -1,
                                             2,
                                             3,
                                             7,
                                             1000,
                                             INT64_MAX,
                                             INT64_MIN,
                                             UINT64_MAX,
                                             0.0,
                                             0.5,
                                             -0.5,
                                             1e308,
                                             -1e308,
                                             1e-308,
                                             "",
                                             "same",
                                             "valid",
                                             "relu",
                                             "zeros",
                                             "l2",
                                             "channels_first",
                                             "channels_last",
                                             "nonsense",
                                             "\xc3\xa9",
                                             std::string(300, 'x')};
    if (depth < 3 && draw.one_in(4)) {
        Json list = Json::array();
        for (size_t n = draw.below(5); n > 0; --n)
            list.push_back(some_value(draw, depth + 1));
        return list;
    }
    if (depth < 3 && draw.one_in(6))
        return {{"class_name", some_value(draw, depth + 1)},
                {"config", some_value(draw, depth + 1)}};
    return draw.of(values);
}

/// What the schema's type asks for, now and then.
Json likely_value(const Json& spec, Draw& draw) {
    const auto type = spec.value("type", std::string("any"));
    if (spec.contains("enum") && !draw.one_in(4))
        return spec.at("enum")[draw.below(spec.at("enum").size())];
    if (spec.contains("default") && draw.one_in(3))
        return spec.at("default");
    static const std::vector<int64_t> whole = {0, 1, 2, 3, 5, 28, -1, 1 << 30, INT64_MAX};
    static const std::vector<double> real = {0, 0.1, 0.5, 1, 2, -1, 1e30, 1e-30};
    if (type == "int" && !draw.one_in(5))
        return draw.of(whole);
    if (type == "float" && !draw.one_in(5))
        return draw.of(real);
    if (type == "ints" && !draw.one_in(5)) {
        Json list = Json::array();
        for (size_t n = draw.below(5); n > 0; --n)
            list.push_back(draw.of(whole));
        return list;
    }
    if (type == "bool" && !draw.one_in(5))
        return draw.one_in(2);
    return some_value(draw);
}

Json some_configuration(const Json& schema, Draw& draw) {
    Json config = Json::object();
    for (const auto& [key, spec] : schema.items())
        if (spec.value("required", false) ? !draw.one_in(8) : draw.one_in(3))
            config[key] = likely_value(spec, draw);
    if (draw.one_in(10))
        config["nonsense"] = some_value(draw);
    return config;
}

/// Puts something else, or nothing, in the place of one value somewhere in the tree.
void disturb(Json& tree, Draw& draw) {
    Json* at = &tree;
    while (at->is_structured() && !at->empty() && !draw.one_in(6))
        at = &*std::next(at->begin(), static_cast<std::ptrdiff_t>(draw.below(at->size())));
    if (at->is_structured() && !at->empty() && draw.one_in(3)) {
        const auto gone =
            std::next(at->begin(), static_cast<std::ptrdiff_t>(draw.below(at->size())));
        if (at->is_array() && draw.one_in(2))
            at->push_back(Json(*gone));
        else
            at->erase(gone);
        return;
    }
    *at = some_value(draw);
}

Json schema_of(const std::string& kind, const std::string& name) {
    const Part part = Registry::global().find(kind, name);
    return parse_json(part.as<lm_graph_function>().schema, name);
}

/// Reads and traces a model of one layer.
void build(const std::vector<int64_t>& input, const std::string& class_name,
           const std::string& config, const fs::path& file) {
    Json shape = Json::array({nullptr});
    for (const int64_t d : input)
        shape.push_back(d);
    const Json model = {
        {"class_name", "Sequential"},
        {"config",
         {{"name", "m"},
          {"layers",
           {{{"class_name", "InputLayer"}, {"config", {{"batch_input_shape", shape}}}},
            {{"class_name", class_name}, {"config", Json::parse(config)}}}}}}};
    put(file, model.dump(-1, ' ', false, Json::error_handler_t::replace));
    Model::load(file).summary();
}

/// A layer of every class, with settings at random, behind an input of a rank that may not fit.
void layers(unsigned count) {
    static const std::vector<std::vector<int64_t>> shapes = {
        {7}, {9, 3}, {6, 8, 2}, {5, 4, 3, 2}, {1, 1, 1}};
    const TempFolder folder;
    const auto held = hold_plugins(kModelParts);
    for (const std::string& name : Registry::global().names("layer")) {
        const Json schema = schema_of("layer", name);
        try_damage<std::pair<size_t, std::string>>(
            count,
            [&](Draw& draw) {
                return std::pair{draw.below(shapes.size()),
                                 some_configuration(schema, draw)
                                     .dump(-1, ' ', false, Json::error_handler_t::replace)};
            },
            [&](const auto& input) {
                build(shapes[input.first], name, input.second, folder / "layer.json");
            },
            [&](const auto& input) { return name + " " + input.second; });
    }
}

/// Architecture files that are good JSON and not what Keras writes.
void architectures(unsigned count) {
    std::vector<std::string> texts;
    for (const auto& file :
         files_under(fs::path(LAMINA_TEST_DATA_DIR) / "keras", {"architecture.json"}))
        texts.push_back(get(file));
    const TempFolder folder;
    const auto held = hold_plugins(kModelParts);
    try_damage<std::string>(
        count,
        [&](Draw& draw) {
            Json tree = Json::parse(draw.of(texts));
            for (size_t n = 1 + draw.below(3); n > 0; --n)
                disturb(tree, draw);
            return tree.dump(-1, ' ', false, Json::error_handler_t::replace);
        },
        [&](const std::string& text) {
            put(folder / "model.json", text);
            Model::load(folder / "model.json").summary();
        },
        [](const std::string& text) { return text; });
}

} // namespace

TEST_CASE("settings at random are refused or built, and never a crash") {
    layers(kQuick);
    architectures(5 * kQuick);
}

TEST_CASE("layers with settings at random are refused or built", "[full]") { layers(kLong / 4); }
TEST_CASE("architectures that are good JSON and no models are refused or built", "[full]") {
    architectures(10 * kLong);
}
