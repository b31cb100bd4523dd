// What a wrong architecture JSON is told. Files that real Keras wrote are read in
// tests/unit/formats.
#include "model/keras_json.hpp"
#include "model/step_graph.hpp"
#include "training.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;

namespace {

Json layer(const char* class_name, Json config) {
    return {{"class_name", class_name}, {"config", std::move(config)}};
}

Json sequential(const std::vector<Json>& layers) {
    Json all = Json::array(
        {layer("InputLayer", {{"name", "in"}, {"batch_input_shape", {nullptr, 6, 6, 1}}})});
    for (const Json& l : layers)
        all.push_back(l);
    return {{"class_name", "Sequential"}, {"config", {{"name", "m"}, {"layers", all}}}};
}

Json functional_layer(const char* class_name, const char* name, Json config,
                      const std::vector<const char*>& sources) {
    config["name"] = name;
    Json refs = Json::array();
    for (const char* source : sources)
        refs.push_back(Json::array({source, 0, 0, Json::object()}));
    return {{"class_name", class_name},
            {"name", name},
            {"config", config},
            {"inbound_nodes", sources.empty() ? Json::array() : Json::array({refs})}};
}

/// in -> a, in -> b, a + b -> out
Json functional() {
    return {{"class_name", "Functional"},
            {"config",
             {{"name", "f"},
              {"layers",
               {functional_layer("InputLayer", "in", {{"batch_input_shape", {nullptr, 4}}}, {}),
                functional_layer("Dense", "a", {{"units", 3}}, {"in"}),
                functional_layer("Dense", "b", {{"units", 3}, {"activation", "relu"}}, {"in"}),
                functional_layer("Add", "sum", Json::object(), {"a", "b"})}},
              {"input_layers", {{"in", 0, 0}}},
              {"output_layers", {{"sum", 0, 0}}}}}};
}

/// A model that calls the one below it twice, down to a layer: 2^levels calls of that.
Json doubling(int levels) {
    if (levels == 0)
        return functional();
    const std::string name = "m" + std::to_string(levels);
    Json inner = doubling(levels - 1);
    const std::string inner_name = inner["config"]["name"].get<std::string>();
    inner["name"] = inner_name;
    const Json no_arguments = Json::object();
    inner["inbound_nodes"] = {Json::array({Json::array({"in", 0, 0, no_arguments})}),
                              Json::array({Json::array({"in", 0, 0, no_arguments})})};
    return {{"class_name", "Functional"},
            {"config",
             {{"name", name},
              {"layers",
               {functional_layer("InputLayer", "in", {{"batch_input_shape", {nullptr, 4}}}, {}),
                inner,
                {{"class_name", "Add"},
                 {"name", "sum"},
                 {"config", {{"name", "sum"}}},
                 {"inbound_nodes",
                  {Json::array({Json::array({inner_name, 1, 0, no_arguments}),
                                Json::array({inner_name, 2, 0, no_arguments})})}}}}},
              {"input_layers", {{"in", 0, 0}}},
              {"output_layers", {{"sum", 0, 0}}}}}};
}

/// doubling(1) behind the input of a chain.
Json nested_in_chain() {
    Json model = doubling(1);
    model["config"]["input_layers"] = Json::array({Json::array({"in", 0, 0})});
    return {{"class_name", "Sequential"},
            {"config",
             {{"name", "m"},
              {"layers", {layer("InputLayer", {{"batch_input_shape", {nullptr, 4}}}), model}}}}};
}

/// Reads and traces: what a layer's configuration lacks shows only there.
void load(const Json& json) {
    prediction_graph(architecture_from_json(json.dump(), "m.json"), {}, 1);
}

struct Fault {
    Json json;
    const char* says;
};

Json changed(Json json, const char* pointer, Json value) {
    json[Json::json_pointer(pointer)] = std::move(value);
    return json;
}
Json without(Json json, const char* parent, const char* key) {
    json[Json::json_pointer(parent)].erase(key);
    return json;
}

/// Every place in a JSON document, outermost first.
void all_places(const Json& json, const Json::json_pointer& at,
                std::vector<Json::json_pointer>& out) {
    out.push_back(at);
    if (json.is_object())
        for (const auto& [key, value] : json.items())
            all_places(value, at / key, out);
    if (json.is_array())
        for (size_t i = 0; i < json.size(); ++i)
            all_places(json[i], at / i, out);
}

} // namespace

TEST_CASE("a fault in an architecture is named with its file or layer") {
    const Json dense = sequential(
        {layer("Flatten", {{"name", "flat"}}), layer("Dense", {{"name", "d"}, {"units", 3}})});
    const Json graph = functional();
    const Json nested = doubling(1); // calls f, its layer 1, twice
    REQUIRE_NOTHROW(load(dense));
    REQUIRE_NOTHROW(load(graph));
    REQUIRE_NOTHROW(load(nested));
    const char* last = "/config/layers/2";
    const std::vector<Fault> faults = {
        {Json::array(), "m.json: the key `class_name` is missing"},
        {{{"config", 1}}, "m.json: the key `class_name` is missing"},
        {{{"class_name", 7}, {"config", 1}}, "m.json: `class_name` must be a string, got 7"},
        {{{"class_name", "Sequential"}}, "m.json: the key `config` is missing"},
        {{{"class_name", "MyNet"}, {"config", Json::object()}}, "`MyNet` is code, not layers"},
        {without(dense, "/config", "layers"), "m.json: the key `layers` is missing"},
        {changed(dense, "/config/layers", 5), "m.json: `layers` must be a list, got 5"},
        {changed(dense, "/config/layers", Json::array()), "m.json: the model has no layers"},
        {changed(dense, "/config/name", 5), "m.json: `name` must be a string, got 5"},
        {changed(dense, last, "Dense"), "a layer must have class_name and config, got \"Dense\""},
        {changed(dense, "/config/layers/2/class_name", "Densse"),
         "m.json: layer `d`: there is no layer class `Densse` (did you mean \"Dense\"?)"},
        {changed(dense, "/config/layers/2/config/unitz", 3), "d: layer Dense: unknown key `unitz`"},
        {changed(dense, "/config/layers/2/config/units", "three"),
         "d: layer Dense: `units` must be an integer, got \"three\""},
        {changed(dense, "/config/layers/2/config/units", -3),
         "d: layer Dense: `units` must be at least 1"},
        {without(dense, "/config/layers/2/config", "units"), "d: layer Dense: `units` is missing"},
        {changed(dense, "/config/layers/2/config/trainable", "no"),
         "m.json: layer `d`: `trainable` must be true or false, got \"no\""},
        {changed(dense, "/config/layers/2/config/name", "flat"), "two layers are named `flat`"},
        {changed(dense, "/config/layers/0/config/batch_input_shape", {nullptr, "6", 6, 1}),
         "in: `batch_input_shape` must be a list of integers"},
        {changed(dense, "/config/layers/0/config/batch_input_shape", {nullptr, nullptr, 6, 1}),
         "is not fully known"},
        {changed(graph, "/config/layers/1/inbound_nodes/0/0/0", "sum"),
         "m.json: the layers form a cycle: a, sum"},
        {changed(graph, "/config/layers/1/inbound_nodes/0/0/0", "a"),
         "m.json: the layers form a cycle: a"},
        {changed(graph, "/config/layers/1/inbound_nodes/0/0/0", "x"),
         "m.json: layer `a` reads layer `x`, which is not there"},
        {changed(graph, "/config/layers/1/inbound_nodes/0/0/1", 1),
         "m.json: layer `in` has 1 inbound node, there is no node 1"},
        {changed(graph, "/config/layers/1/inbound_nodes/0/0/2", 1), "layer `in` has no output 1"},
        {changed(graph, "/config/layers/1/inbound_nodes/0/0", "in"),
         "m.json: layer `a`: an inbound node must be [layer, node, tensor], got \"in\""},
        {changed(graph, "/config/layers/1/name", "b"), "m.json: two layers are named `b`"},
        {changed(graph, "/config/output_layers/0/0", "y"), "m.json: no layer is named `y`"},
        {changed(graph, "/config/output_layers", Json::array()), "m.json: the model has no output"},
        {without(graph, "/config", "input_layers"), "m.json: the key `input_layers` is missing"},
        {changed(nested, "/config/layers/1/inbound_nodes/0",
                 {{"in", 0, 0, Json::object()}, {"in", 0, 0, Json::object()}}),
         "m.json: model `f` has 1 input, its call 0 gives 2"},
        {changed(nested, "/config/layers/1/inbound_nodes", Json::array()),
         "m.json: model `f` is called 0 times and read up to node 2"},
        {changed(nested, "/config/layers/2/inbound_nodes/0/1/1", 9),
         "m.json: model `f` is called 2 times and read up to node 9"},
        {changed(nested, "/config/layers/2/inbound_nodes/0/0/2", 1),
         "m.json: model `f` has no output 1 of call 0"},
        {changed(nested, "/config/layers/1/config/output_layers/0/0", "y"),
         "m.json: model `f` has no layer `y`, which it reads"},
        {changed(nested, "/config/layers/1/config/layers/3/inbound_nodes/0/0/0", "x"),
         "m.json: model `f` has no layer `x`, which it reads"},
        {changed(nested, "/config/layers/1/config/layers/1/config/units", 0),
         "a: layer Dense: `units` must be at least 1"},
    };
    for (const Fault& fault : faults) {
        INFO(fault.json.dump());
        CHECK_THROWS_WITH(load(fault.json), Contains(fault.says));
    }
}

TEST_CASE("models within models whose calls multiply are read up to a limit") {
    const Architecture small = architecture_from_json(doubling(3).dump(), "m.json");
    const auto a = std::find_if(small.layers.begin(), small.layers.end(),
                                [](const auto& l) { return l.name == "a"; });
    REQUIRE(a != small.layers.end());
    CHECK(a->calls.size() == 8);
    CHECK_THROWS_WITH(architecture_from_json(doubling(14).dump(), "m.json"),
                      Contains("m.json") && Contains("called more than 10000 times"));
}

TEST_CASE("whatever stands at whichever place of an architecture, the answer is an error of ours") {
    const std::vector<Json> intruders = {nullptr,
                                         true,
                                         -1,
                                         3.5,
                                         "text",
                                         Json::array(),
                                         Json::object(),
                                         Json::array({1, "a"}),
                                         uint64_t{1} << 62};
    for (const Json& model :
         {functional(),
          sequential({layer("Conv2D", {{"filters", 2}, {"kernel_size", {3, 3}}}),
                      layer("BatchNormalization", Json::object()),
                      layer("Flatten", Json::object())}),
          nested_in_chain()}) {
        std::vector<Json::json_pointer> places;
        all_places(model, Json::json_pointer(), places);
        for (const Json::json_pointer& place : places)
            for (const Json& intruder : intruders) {
                Json broken = model;
                broken[place] = intruder;
                INFO(place.to_string() << " = " << intruder.dump());
                try {
                    load(broken);
                } catch (const Error& e) {
                    CHECK(std::string(e.what()).find("json.exception") == std::string::npos);
                } catch (const std::exception& e) {
                    FAIL("not an Error: " << e.what());
                }
            }
    }
}
