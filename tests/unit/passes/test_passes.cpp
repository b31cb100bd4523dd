#include <catch2/catch.hpp>

#include "describe.hpp"
#include "lamina/model.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

using Pass = std::function<Graph(const Graph&)>;

std::vector<std::pair<std::string, Pass>> passes(const Describe& describe) {
    return {
        {"eliminate_dead", eliminate_dead},
        {"simplify", simplify},
        {"fold_constants",
         [](const Graph& g) { return fold_constants(g, evaluate_on_reference()); }},
        {"choose_layouts", [=](const Graph& g) { return choose_layouts(g, describe); }},
        {"sink_transposes", sink_transposes},
        {"fuse_epilogues", [=](const Graph& g) { return fuse_epilogues(g, describe); }},
        {"fuse_elementwise", [=](const Graph& g) { return fuse_elementwise(g, describe); }},
        {"schedule", schedule},
        {"optimize",
         [=](const Graph& g) { return optimize(g, describe, evaluate_on_reference()); }},
    };
}

void expect_same(const Named& before, const Named& after) {
    REQUIRE(before.size() == after.size());
    for (const auto& [name, value] : before) {
        INFO(name);
        REQUIRE(after.contains(name));
        CHECK(same_bits(value, after.at(name)));
    }
}

Problem lenet(int64_t batch) {
    Model model = Model::zoo("lenet");
    model.compile({});
    Problem p{model.graph(Mode::Train, batch), {}, {}};
    std::mt19937 draw(1);
    p.draw_values(draw);
    for (auto& [name, value] : p.variables)
        for (float& v : value.data<float>())
            v *= 0.05f;
    return p;
}

} // namespace

TEST_CASE("every pass leaves a random graph that verifies and computes the same bits") {
    const auto reference = device("reference");
    for (const char* backend : {"reference", "openblas"}) {
        const auto all = passes(describe_on(device(backend)));
        for (unsigned seed = 0; seed < 40; ++seed) {
            const Problem p = RandomGraph(seed).problem();
            const Named before = run_steps(p, p.graph, reference, {.optimize = false});
            for (const auto& [name, pass] : all) {
                INFO(name << " for " << backend << ", seed " << seed);
                const Graph after = pass(p.graph);
                REQUIRE_NOTHROW(verify(after));
                expect_same(before, run_steps(p, after, reference, {.optimize = false}));
            }
        }
    }
}

TEST_CASE("every pass leaves LeNet's training step computing the same bits") {
    const auto reference = device("reference");
    const Problem p = lenet(2);
    const Named before = run_steps(p, p.graph, reference, {.optimize = false});
    for (const auto& [name, pass] : passes(describe_on(device("openblas")))) {
        INFO(name);
        const Graph after = pass(p.graph);
        REQUIRE_NOTHROW(verify(after));
        expect_same(before, run_steps(p, after, reference, {.optimize = false}));
    }
}

TEST_CASE("passes in a row change nothing the second time") {
    const auto describe = describe_on(device("openblas"));
    const Graph once = optimize(lenet(8).graph, describe, evaluate_on_reference());
    const Graph twice = optimize(once, describe, evaluate_on_reference());
    CHECK(twice.nodes().size() == once.nodes().size());
}

TEST_CASE("the passes make LeNet's training step much shorter") {
    const Graph before = lenet(8).graph;
    const Graph after = optimize(before, describe_on(device("openblas")), evaluate_on_reference());
    const auto operators = [](const Graph& g) {
        return std::count_if(g.nodes().begin(), g.nodes().end(),
                             [](const Node& n) { return !n.is_leaf() && n.op != "reshape"; });
    };
    INFO(to_text(after));
    CHECK(operators(after) * 2 < operators(before));
}

TEST_CASE("common subexpressions are worked out once, and what nothing needs not at all") {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {4}});
    const ValueId a = add_operator(g, "tanh", "a", "", {x})[0];
    const ValueId b = add_operator(g, "tanh", "b", "", {x})[0];
    add_operator(g, "exp", "dead", "", {x});
    g.add_output("y", add_operator(g, "mul", "m", "", {a, b})[0]);
    const Graph after = eliminate_dead(simplify(g));
    CHECK(after.nodes().size() == 3);
}

TEST_CASE("where two products meet in a sum, only one takes the sum in") {
    Problem p;
    const auto product = [&](const char* name, const char* x, const char* w) {
        const ValueId a = p.graph.add_input(x, {DType::F32, {4, 3}}),
                      b = p.graph.add_input(w, {DType::F32, {3, 5}});
        return add_operator(p.graph, "matmul", name, "", {a, b})[0];
    };
    const ValueId sum =
        add_operator(p.graph, "add", "sum", "",
                     {product("first", "x1", "w1"), product("second", "x2", "w2")})[0];
    p.graph.add_output("y", add_operator(p.graph, "relu", "relu", "", {sum})[0]);
    std::mt19937 draw(1);
    p.draw_values(draw);

    const Graph after = fuse_epilogues(p.graph, describe_on(device("openblas")));
    REQUIRE_NOTHROW(verify(after));
    CHECK(after.nodes().size() == 6); // four inputs, two products
    const auto reference = device("reference");
    expect_same(run_steps(p, p.graph, reference, {.optimize = false}),
                run_steps(p, after, reference, {.optimize = false}));
}
