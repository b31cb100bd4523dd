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
