// What plugins do wrong once they are in use, and that they leave nothing behind.
#include "loaded.hpp"

#include <algorithm>
#include <cstdlib>
#include <sstream>

#include "lamina/executable.hpp"
#include "lamina/model.hpp"
#include "lamina/plugin/abi.h"
#include "lamina/text.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;
using Catch::StartsWith;

namespace {

/// The fixtures are found by the one registry that models use.
[[maybe_unused]] const bool on_path = [] {
    set_plugin_path({LAMINA_TEST_FIXTURE_DIR});
    return true;
}();

template <class Body>
std::string error_of(Body&& body) {
    try {
        body();
        return "";
    } catch (const std::exception& e) {
        return e.what();
    }
}

std::string summary_error(const char* layer) {
    return error_of([&] {
        Model model({4});
        model.add(layer);
        model.summary();
    });
}

Model net(const char* layer) {
    Model model({4});
    model.add(layer).add("Dense", {{"units", 2}, {"activation", "softmax"}});
    model.use("reference");
    return model;
}

} // namespace

TEST_CASE("what a callback throws across the boundary is an error with the plugin's name") {
    const std::string raw = summary_error("ThrowsInBuild");
    CHECK_THAT(raw, Contains("plugin throws_in_build (") && Contains("throws_in_build.so)") &&
                        Contains("threw an exception across the plugin boundary: the tide is out"));
    const std::string guarded = summary_error("ThrowsGuarded");
    CHECK_THAT(guarded, Contains("plugin throws_in_build (") && Contains("the moon is not full"));
}

TEST_CASE("what a layer refuses is told with the layer's name and its plugin") {
    CHECK_THAT(summary_error("MaxPooling2D"),
               StartsWith("max_pooling2d: layer MaxPooling2D (plugin lamina_layers): expected"));
}

TEST_CASE("a layer that gives a value of no graph is refused") {
    CHECK_THAT(summary_error("Invents"), Contains("value 123456, which the graph does not have"));
}

TEST_CASE("an operator whose simpler form has another shape than its rule says is refused") {
    CHECK_THAT(error_of([] {
                   net("Halved").predict(Tensor::zeros(DType::F32, {2, 4}));
               }),
               Contains("halved") && Contains("its shape rule says f32[2, 4]") &&
                   Contains("its simpler form gives f32[2, 2]"));
}

TEST_CASE("a gradient of the wrong shape is refused") {
    CHECK_THAT(error_of([] {
                   Model model({4}); // whose first layer's weights ask for the second's gradient
                   model.add("Dense", {{"units", 4}})
                       .add("ScalarGradient")
                       .add("Dense", {{"units", 2}, {"activation", "softmax"}});
                   model.executable(Mode::Train, 2);
               }),
               Contains("scalar_gradient") &&
                   Contains("for an input f32[2, 4] the rule gave f32[]"));
}

TEST_CASE("plugins that share inline code do not touch each other") {
    const PluginFolder folder{"inline_a", "inline_b"};
    Registry registry({folder.path()});
    const auto calls = [](const Part& part) {
        return part.as<lm_graph_function>().build(nullptr, nullptr, nullptr, 0, nullptr, 0, nullptr,
                                                  nullptr, nullptr);
    };
    const Part b = registry.find("layer", "CountsB");
    {
        const Part a = registry.find("layer", "CountsA");
        CHECK(calls(a) == 111);
        CHECK(calls(a) == 222);
        CHECK(calls(b) == 111);
    }
    CHECK_FALSE(in_memory(folder / "inline_a.so"));
    CHECK(in_memory(folder / "inline_b.so"));
    const Part again = registry.find("layer", "CountsA");
    CHECK(calls(again) == 111); // loaded anew
    CHECK(calls(b) == 222);
}

TEST_CASE("a plugin is loaded, used and unloaded a hundred times, and gone from memory each time") {
    const fs::path file = fixture("composed");
    for (int i = 0; i < 100; ++i) {
        {
            Model model({4});
            model.add("ComposedDense", {{"units", 3}}).add("ComposedMish");
            model.use("reference");
            const Tensor y = model.predict(Tensor::zeros(DType::F32, {2, 4}));
            REQUIRE(y.data<float>()[0] == 0);
        }
        REQUIRE_FALSE(in_memory(file));
    }
}

TEST_CASE("a program keeps the plugin of its operators in memory") {
    const fs::path file = fixture("wrong_shapes");
    std::shared_ptr<Executable> program;
    {
        Model model = net("ScalarGradient");
        model.initialize(1);
        program = model.executable(Mode::Predict, 1);
    }
    CHECK_NOTHROW(program->run({{"x", Tensor::zeros(DType::F32, {1, 4})}}));
    program.reset();
    CHECK_FALSE(in_memory(file));
}

namespace {

/// What a program does, without the names of things.
std::vector<std::string> compiled(Model model, Mode mode) {
    model.compile({"sgd", "categorical_crossentropy", {"accuracy"}});
    const auto program = model.executable(mode, 8);
    std::vector<std::string> steps;
    for (const Node& node : program->graph().nodes()) {
        if (node.is_leaf())
            continue;
        std::string line = node.op;
        for (const auto& [name, value] : node.attrs)
            if (name != "key")
                line += " " + name + "=" +
                        std::visit(
                            [](const auto& v) {
                                using T = std::decay_t<decltype(v)>;
                                std::ostringstream text;
                                if constexpr (std::is_same_v<T, std::vector<int64_t>> ||
                                              std::is_same_v<T, std::vector<double>>)
                                    for (const auto x : v)
                                        text << x << ',';
                                else
                                    text << v;
                                return text.str();
                            },
                            value);
        for (const ValueId v : node.outputs)
            line += " " + program->graph().type(v).to_string();
        steps.push_back(line);
    }
    return steps;
}

Model with_dense(bool composed) {
    Model model({12});
    if (composed)
        model.add("ComposedDense", {{"units", 7}});
    else
        model.add("Dense", {{"units", 7}, {"activation", "mish"}});
    return std::move(model.add("Dense", {{"units", 3}, {"activation", "softmax"}}));
}

Model with_mish(bool composed) {
    Model model({6, 6, 2});
    model.add("Conv2D", {{"filters", 4}, {"kernel_size", 3}});
    if (composed)
        model.add("ComposedMish");
    else
        model.add("Activation", {{"activation", "mish"}});
    return std::move(model.add("Flatten").add("Dense", {{"units", 3}, {"activation", "softmax"}}));
}

} // namespace

TEST_CASE("a composed layer compiles to the same fused program as the built-in one") {
    for (const Mode mode : {Mode::Predict, Mode::Train}) {
        const auto dense = compiled(with_dense(true), mode);
        CHECK(dense == compiled(with_dense(false), mode));
        CHECK_FALSE(dense.empty());
        CHECK(compiled(with_mish(true), mode) == compiled(with_mish(false), mode));
    }
    // Not for want of steps to compare: mish is part of another step in both.
    const auto steps = compiled(with_dense(true), Mode::Predict);
    INFO(join(steps, "\n"));
    CHECK(std::none_of(steps.begin(), steps.end(),
                       [](const std::string& s) { return s.starts_with("softplus"); }));
    CHECK(std::any_of(steps.begin(), steps.end(), [](const std::string& s) {
        return s.find("softplus") != std::string::npos && s.find("tanh") != std::string::npos;
    }));
}

TEST_CASE("a model file says which plugin a layer needs, and a load without it does, too") {
    const TempFolder folder;
    Model model({4});
    model.add("ComposedDense", {{"units", 3}});
    const std::string text = model.architecture_json();
    CHECK_THAT(text, Contains(R"("lamina_plugin":{"name":"composed","version":"1.2.0"})"));
    const auto load = [&](std::string json) {
        put(folder / "model.json", json);
        return error_of([&] { Model::load(folder / "model.json"); });
    };
    const auto with = [&](const char* what, const char* instead) {
        std::string changed = text;
        return changed.replace(changed.find(what), std::string(what).size(), instead);
    };
    CHECK(load(text).empty());
    CHECK(load(with("1.2.0", "1.1.9")).empty());
    CHECK_THAT(load(with("1.2.0", "1.10.0")),
               Contains("needs plugin composed 1.10.0 or later; there is 1.2.0") &&
                   Contains("composed.so"));
    CHECK_THAT(load(with("ComposedDense", "AbsentDense")),
               Contains("class `AbsentDense` needs plugin composed 1.2.0 or later; put it on the "
                        "plugin path"));
    // What Lamina ships is not named.
    Model plain({4});
    plain.add("Dense", {{"units", 3}});
    CHECK_THAT(plain.architecture_json(), !Contains("lamina_plugin"));
}
