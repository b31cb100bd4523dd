#include <algorithm>
#include <set>

#include <catch2/catch.hpp>

#include "lamina/error.hpp"
#include "lamina/log.hpp"
#include "lamina/model.hpp"
#include "random_graph.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;

namespace {

const bool limited_is_found = (set_plugin_path({LAMINA_TEST_BACKEND_DIR}), true);

CompileOptions falling_back_to(const char* backend, bool optimize) {
    return {optimize, {Device::open(backend)}};
}

std::shared_ptr<VariableStore> limited() {
    return std::make_shared<VariableStore>(Device::open("limited"));
}

/// y = sigmoid(x + x) * tanh(x): limited knows all but sigmoid.
Graph mixed_graph() {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {2, 3}});
    const ValueId twice = add_operator(g, "add", "twice", "", {x, x})[0];
    const ValueId gate = add_operator(g, "sigmoid", "gate", "gate_1", {twice})[0];
    const ValueId rest = add_operator(g, "tanh", "rest", "", {x})[0];
    g.add_output("y", add_operator(g, "mul", "y", "", {gate, rest})[0]);
    return g;
}

float worst(const Tensor& a, const Tensor& b) {
    REQUIRE(a.shape() == b.shape());
    float most = 0;
    for (size_t i = 0; i < a.data<float>().size(); ++i)
        most = std::max(most, std::abs(a.data<float>()[i] - b.data<float>()[i]));
    return most;
}

} // namespace

TEST_CASE("what a backend cannot run is an error, unless a fallback is allowed") {
    CHECK_THROWS_WITH(Executable(mixed_graph(), limited(), {.optimize = false}),
                      Contains("backend limited cannot run operator sigmoid of layer gate_1") &&
                          Contains("no kernel for operator `sigmoid`"));
    CHECK_NOTHROW(Executable(mixed_graph(), limited(), falling_back_to("reference", false)));
}

TEST_CASE("what no allowed backend can run is an error with each one's reason") {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {2}});
    g.add_output("y", add_operator(g, "sigmoid", "gate", "gate_1", {x})[0]);
    CHECK_THROWS_WITH(Executable(g, limited(), falling_back_to("limited", false)),
                      Contains("no backend can run operator sigmoid of layer gate_1: limited: ") &&
                          Contains("; limited: "));
}

TEST_CASE("a kernel that was asked for by name is not replaced by a fallback") {
    const auto store = std::make_shared<VariableStore>(Device::open("limited:add=fast"));
    CHECK_THROWS_WITH(Executable(mixed_graph(), store, falling_back_to("reference", false)),
                      Contains("the kernel `fast` was asked for"));
}

TEST_CASE("the parts of a program say where each operator runs, and why not where it was wanted") {
    const Executable e(mixed_graph(), limited(), falling_back_to("reference", false));
    REQUIRE(e.parts().size() == 3);
    const auto names = [&](size_t part) {
        std::vector<std::string> out;
        for (const auto& o : e.parts()[part].operators)
            out.push_back(o.name);
        return out;
    };
    CHECK(e.parts()[0].backend == "limited");
    CHECK(names(0) == std::vector<std::string>{"twice", "rest"});
    CHECK(e.parts()[1].backend == "reference");
    CHECK(names(1) == std::vector<std::string>{"gate"});
    CHECK_THAT(e.parts()[1].operators[0].reason, Contains("limited: no kernel for operator"));
    CHECK(e.parts()[2].backend == "limited");
    CHECK(names(2) == std::vector<std::string>{"y"});
    CHECK(e.steps()[2].backend == "reference");
}

TEST_CASE("a random step cut over two backends has the bits of one backend") {
    const auto reference = Device::open("reference");
    size_t cut = 0;
    for (unsigned seed = 0; seed < 60; ++seed) {
        INFO("seed " << seed);
        const Problem p = RandomGraph(seed).problem();
        const auto options = falling_back_to("reference", false);
        cut += Executable(p.graph, limited(), options).parts().size() > 2 ? 1 : 0;
        const Named one = run_steps(p, p.graph, reference, {.optimize = false}, 3);
        const Named two = run_steps(p, p.graph, Device::open("limited"), options, 3);
        REQUIRE(one.size() == two.size());
        for (const auto& [name, value] : one) {
            INFO(name);
            REQUIRE(same_bits(value, two.at(name)));
        }
    }
    CHECK(cut > 40); // else this proved little
}

TEST_CASE("a random step optimised for two backends computes what one does") {
    const auto reference = Device::open("reference");
    for (unsigned seed = 0; seed < 20; ++seed) {
        INFO("seed " << seed);
        const Problem p = RandomGraph(seed).problem();
        const Named one = run_steps(p, p.graph, reference, {.optimize = false});
        const Named two =
            run_steps(p, p.graph, Device::open("limited"), falling_back_to("openblas", true));
        for (const auto& [name, value] : one) {
            INFO(name);
            REQUIRE(worst(value, two.at(name)) < 1e-5f);
        }
    }
}

TEST_CASE("an operator without a kernel runs in its simpler form where the backend knows that") {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {2, 5}});
    g.add_output("y", add_operator(g, "softmax", "softmax", "softmax_1", {x})[0]);
    std::mt19937 draw(1);
    const Named inputs{{"x", random_tensor({DType::F32, {2, 5}}, draw)}};
    Executable simple(g, limited());
    for (const Node& node : simple.graph().nodes())
        CHECK(node.op != "softmax");
    Executable whole(g, std::make_shared<VariableStore>(Device::open("reference")));
    CHECK(worst(simple.run(inputs).at("y"), whole.run(inputs).at("y")) < 1e-6f);
    // log_softmax needs a logarithm, which limited lacks: it stays whole for the fallback.
    Graph h;
    const ValueId z = h.add_input("x", {DType::F32, {2, 5}});
    h.add_output("y", add_operator(h, "log_softmax", "log_softmax", "", {z})[0]);
    CHECK_THROWS_WITH(Executable(h, limited()), Contains("cannot run operator log_softmax"));
}

TEST_CASE("a backend is told that a variable has changed, whoever wrote it") {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {1, 2}});
    Variable weight;
    weight.name = "w";
    weight.type = {DType::F32, {2, 2}};
    const ValueId w = g.add_variable(weight);
    g.add_output("y", add_operator(g, "matmul", "product", "", {x, w})[0]);
    const auto store = limited();
    const Named one{{"x", Tensor::from(std::vector<float>{1, 1}, {1, 2})}};
    const auto fill = [](float v) { return Tensor::from(std::vector<float>(4, v), {2, 2}); };
    const auto result = [&](Executable& e) { return e.run(one).at("y").data<float>()[0]; };

    Executable reader(g, store, {.optimize = false});
    g.set_update(w, add_operator(g, "add", "update/w", "", {w, w})[0]);
    Executable trainer(g, store, {.optimize = false});
    store->write("w", fill(1));
    CHECK(result(reader) == 2);
    store->write("w", fill(3));
    CHECK(result(reader) == 6); // written from outside
    CHECK(result(trainer) == 6);
    CHECK(result(trainer) == 12); // written by its own step
    CHECK(result(reader) == 24);  // written by another program
}

TEST_CASE("a model trains across two backends as on one, and says once where each part runs") {
    std::vector<std::string> messages;
    set_log_sink([&](LogLevel, std::string_view text) { messages.emplace_back(text); });
    const auto losses = [](const std::string& backend, Fallback fallback) {
        Model model({6, 6, 1});
        model.add("Conv2D", {{"filters", 2}, {"kernel_size", 3}, {"activation", "relu"}})
            .add("Flatten")
            .add("Dense", {{"units", 3}, {"activation", "softmax"}});
        model.use(backend, fallback);
        model.compile({.optimizer = "sgd:momentum=0.9"});
        std::vector<float> out;
        std::mt19937 draw(3);
        const Tensor x = random_tensor({DType::F32, {4, 6, 6, 1}}, draw);
        for (int64_t batch : {4, 3}) {
            const auto step = model.executable(Mode::Train, batch);
            model.initialize(1, *step);
            for (int i = 0; i < 3; ++i)
                out.push_back(
                    step->run({{"x", x.rows(0, batch)},
                               {"y", Tensor::from(std::vector<int64_t>{0, 1, 2, 0}).rows(0, batch)},
                               {"learning_rate", Tensor::scalar(0.05f)},
                               {"iterations", Tensor::scalar(0.0f)},
                               {"epoch", Tensor::scalar(0.0f)}})
                        .at("loss")
                        .item<float>());
        }
        return out;
    };
    const auto one = losses("reference", Fallback::Refused);
    CHECK(messages.empty());
    const auto two = losses("limited", Fallback::Allowed);
    set_log_sink({});
    for (size_t i = 0; i < one.size(); ++i)
        CHECK(two[i] == Approx(one[i]).epsilon(1e-5));
    const auto told = std::count_if(messages.begin(), messages.end(), [](const auto& text) {
        return text.find("limited") != std::string::npos &&
               text.find("conv2d") != std::string::npos &&
               text.find("openblas") != std::string::npos;
    });
    CHECK(told == 1); // not once more for the smaller batch
    CHECK_THROWS_WITH(losses("limited", Fallback::Refused), Contains("cannot run operator"));
}
