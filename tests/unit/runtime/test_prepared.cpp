#include <catch2/catch.hpp>

#include "random_graph.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

Variable weights(const char* name, const Shape& shape) {
    Variable v;
    v.name = name;
    v.type = {DType::F32, shape};
    v.initializer = "\"zeros\"";
    return v;
}

/// y = x (w s), and where it trains, w becomes w + 1.
Graph scaled_product(bool trains) {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {1, 2}});
    const ValueId w = g.add_variable(weights("w", {2, 3}));
    const ValueId s = g.add_variable(weights("s", {3}));
    const ValueId scaled = add_operator(g, "mul", "scaled", "", {w, s})[0];
    g.add_output("y", add_operator(g, "matmul", "product", "", {x, scaled})[0]);
    if (trains) {
        const ValueId one = g.add_constant(Tensor::scalar(1.0f));
        g.set_update(w, add_operator(g, "add", "update/w", "", {w, one})[0]);
    }
    return g;
}

Tensor floats(const std::vector<float>& values, const Shape& shape) {
    return Tensor::from(values, shape);
}

std::vector<float> run(Executable& e) {
    const Tensor y = e.run({{"x", floats({1, 1}, {1, 2})}}).at("y");
    return {y.data<float>().begin(), y.data<float>().end()};
}

} // namespace

TEST_CASE("what depends on variables alone is no step of a run, and follows what is written") {
    for (const char* backend : {"reference", "openblas"}) {
        INFO(backend);
        const auto store = std::make_shared<VariableStore>(Device::open(backend));
        Executable e(scaled_product(false), store, {.optimize = false});
        CHECK(e.steps().size() == 1);
        CHECK(e.parts().size() == 1);
        store->write("w", floats({1, 2, 3, 4, 5, 6}, {2, 3}));
        store->write("s", floats({1, 10, 100}, {3}));
        CHECK(run(e) == std::vector<float>{5, 70, 900});
        CHECK(run(e) == std::vector<float>{5, 70, 900});
        store->write("s", floats({2, 20, 200}, {3}));
        CHECK(run(e) == std::vector<float>{10, 140, 1800});
        std::map<std::string, Tensor> inputs{{"x", floats({1, 1}, {1, 2})}};
        CHECK(e.profile(inputs).size() == 1);
    }
}

TEST_CASE("what depends on a variable that the program updates is worked out in each run") {
    const auto store = std::make_shared<VariableStore>(Device::open("reference"));
    Executable e(scaled_product(true), store, {.optimize = false});
    store->write("w", floats({1, 2, 3, 4, 5, 6}, {2, 3}));
    store->write("s", floats({1, 10, 100}, {3}));
    CHECK(run(e) == std::vector<float>{5, 70, 900});
    CHECK(run(e) == std::vector<float>{7, 90, 1100});
}

TEST_CASE("what another program writes is seen by the one that prepared it") {
    const auto store = std::make_shared<VariableStore>(Device::open("reference"));
    Executable predicts(scaled_product(false), store, {.optimize = false});
    Executable trains(scaled_product(true), store, {.optimize = false});
    store->write("w", floats({1, 2, 3, 4, 5, 6}, {2, 3}));
    store->write("s", floats({1, 10, 100}, {3}));
    CHECK(run(predicts) == std::vector<float>{5, 70, 900});
    run(trains);
    CHECK(run(predicts) == std::vector<float>{7, 90, 1100});
}

namespace {

/// y = conv(x, w), or conv(x, w s); where it trains, w becomes w + 1.
Graph convolution(bool scaled, bool trains) {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {1, 7, 9, 6}});
    const ValueId w = g.add_variable(weights("w", {3, 3, 6, 20}));
    ValueId filter = w;
    if (scaled)
        filter = add_operator(g, "mul", "scaled", "", {w, g.add_variable(weights("s", {20}))})[0];
    g.add_output("y", add_operator(g, "conv", "conv", "", {x, filter})[0]);
    if (trains) {
        const ValueId one = g.add_constant(Tensor::scalar(1.0f));
        g.set_update(w, add_operator(g, "add", "update/w", "", {w, one})[0]);
    }
    return g;
}

Tensor numbers(const Shape& shape, float first) {
    Tensor t = Tensor::uninitialized(DType::F32, shape);
    for (auto& v : t.data<float>())
        v = first = first < 1 ? first + 0.37f : first - 1.6f;
    return t;
}

/// What the backend gives for y, run by run, while weights are written in between.
std::vector<Tensor> runs_with_writes(const std::string& backend, bool scaled, bool trains) {
    const auto store = std::make_shared<VariableStore>(Device::open(backend));
    Executable e(convolution(scaled, trains), store, {.optimize = false});
    store->write("w", numbers({3, 3, 6, 20}, 0));
    if (scaled)
        store->write("s", numbers({20}, 0.1f));
    const std::map<std::string, Tensor> inputs{{"x", numbers({1, 7, 9, 6}, 0.2f)}};
    std::vector<Tensor> results;
    const auto run_twice = [&] {
        for (int i = 0; i < 2; ++i)
            results.push_back(e.run(inputs).at("y"));
    };
    run_twice();
    store->write(scaled ? "s" : "w", numbers(scaled ? Shape{20} : Shape{3, 3, 6, 20}, 0.5f));
    run_twice();
    // Another program that writes the weights.
    Executable training(convolution(false, true), store, {.optimize = false});
    training.run(inputs);
    run_twice();
    return results;
}

} // namespace

TEST_CASE("a filter that a kernel keeps in a form of its own follows what is written") {
    for (const bool scaled : {false, true})
        for (const bool trains : {false, true}) {
            const auto want = runs_with_writes("reference", scaled, trains);
            for (const char* kernel : {"implicit_gemm", "winograd_f2x3", "winograd_f4x3"}) {
                CAPTURE(scaled, trains, kernel);
                const auto got =
                    runs_with_writes(std::string("openblas:conv=") + kernel, scaled, trains);
                REQUIRE(got.size() == want.size());
                for (size_t i = 0; i < want.size(); ++i) {
                    CAPTURE(i);
                    for (size_t k = 0; k < want[i].data<float>().size(); ++k)
                        REQUIRE(got[i].data<float>()[k] ==
                                Approx(want[i].data<float>()[k]).margin(1e-3));
                }
            }
        }
}

TEST_CASE("a filter that no run writes is kept packed, and one that training writes is not") {
    const auto store = std::make_shared<VariableStore>(Device::open("openblas:conv=winograd_f4x3"));
    const Executable predicts(convolution(false, false), store, {.optimize = false});
    const Executable trains(convolution(false, true), store, {.optimize = false});
    CHECK(predicts.memory().constants > 0);
    CHECK(trains.memory().constants < predicts.memory().constants);
    CHECK(predicts.memory().workspace < trains.memory().workspace);
}
