#include <catch2/catch.hpp>

#include "describe.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

Graph folded(const Graph& graph) {
    Graph out = eliminate_dead(fold_constants(graph, evaluate_on_reference()));
    REQUIRE_NOTHROW(verify(out));
    return out;
}

std::ptrdiff_t count(const Graph& graph, const std::string& op) {
    return std::count_if(graph.nodes().begin(), graph.nodes().end(),
                         [&](const Node& n) { return n.op == op; });
}

ValueId constant(Graph& g, const std::vector<float>& values) {
    return g.add_constant(Tensor::from(values));
}

ValueId transposed(Graph& g, ValueId x, const std::vector<int64_t>& perm) {
    const std::string name = "transpose" + std::to_string(g.nodes().size());
    return add_operator(g, "transpose", name, "", {x}, {{"perm", perm}})[0];
}

const std::vector<int64_t> kToLast{0, 2, 3, 1}, kToFirst{0, 3, 1, 2};

/// What the pass that moves transposes and those that cancel them leave.
Graph cancelled(const Graph& graph) {
    Graph out = eliminate_dead(simplify(sink_transposes(graph)));
    REQUIRE_NOTHROW(verify(out));
    return out;
}

} // namespace

TEST_CASE("constants are folded as far as they reach, and no further than the inputs") {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {3}});
    const ValueId sum =
        add_operator(g, "add", "sum", "", {constant(g, {1, 2, 3}), constant(g, {4, 5, 6})})[0];
    const ValueId root = add_operator(g, "mul", "square", "", {sum, sum})[0];
    g.add_output("y", add_operator(g, "mul", "product", "", {x, root})[0]);
    const Graph after = folded(g);
    INFO(to_text(after));
    CHECK(after.nodes().size() == 3);
    CHECK(count(after, "mul") == 1);
    const auto y = Executable(after, std::make_shared<VariableStore>(device("reference")))
                       .run({{"x", Tensor::from(std::vector<float>{1, 10, 100})}})
                       .at("y");
    CHECK(std::vector<float>(y.data<float>().begin(), y.data<float>().end()) ==
          std::vector<float>{25, 490, 8100});
}

TEST_CASE("an output and a variable's new value can be folded themselves") {
    Graph g;
    const ValueId twice =
        add_operator(g, "add", "sum", "", {constant(g, {1, 2}), constant(g, {1, 2})})[0];
    Variable variable;
    variable.name = "v";
    variable.type = {DType::F32, {2}};
    g.set_update(g.add_variable(variable), twice);
    g.add_output("y", twice);
    const Graph after = folded(g);
    INFO(to_text(after));
    CHECK(count(after, "add") == 0);
    auto store = std::make_shared<VariableStore>(device("reference"));
    Executable program(after, store);
    store->write("v", Tensor::from(std::vector<float>{0, 0}));
    CHECK(program.run({}).at("y").data<float>()[1] == 4);
    CHECK(store->read("v").data<float>()[1] == 4);
}

TEST_CASE("a constant that would be large is computed each time, and so is what is drawn") {
    for (const int64_t side : {256, 257}) { // 2^16 elements are kept
        Graph g;
        const ValueId column = g.add_constant(Tensor::zeros(DType::F32, {side, 1})),
                      row = g.add_constant(Tensor::zeros(DType::F32, {1, side}));
        g.add_output("y", add_operator(g, "add", "outer", "", {column, row})[0]);
        CHECK(count(folded(g), "add") == (side == 256 ? 0 : 1));
    }
    Graph g;
    const ValueId state = g.add_constant(Tensor::from(std::vector<int64_t>{1, 2, 3}));
    const std::vector<int64_t> shape{4};
    g.add_output("y",
                 add_operator(g, "random_uniform", "draw", "", {state}, {{"shape", shape}})[0]);
    CHECK(count(folded(g), "random_uniform") == 1);
}

TEST_CASE("transposes that undo each other vanish, also from both sides of elementwise operators") {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {2, 3, 4, 5}});
    const ValueId bias = g.add_input("bias", {DType::F32, {3}});
    ValueId y = transposed(g, x, kToLast);
    y = add_operator(g, "add", "biased", "", {y, bias})[0];
    y = add_operator(g, "relu", "relu", "", {y})[0];
    g.add_output("y", transposed(g, y, kToFirst));
    const Graph after = cancelled(g);
    INFO(to_text(after));
    for (const Node& n : after.nodes())
        if (n.op == "transpose") // of the bias alone
            CHECK(after.type(n.outputs[0]).shape.elements() == 3);
    CHECK(count(after, "relu") == 1);

    Graph bare;
    const ValueId in = bare.add_input("x", {DType::F32, {2, 3, 4, 5}});
    bare.add_output("y", transposed(bare, transposed(bare, in, kToLast), kToFirst));
    CHECK(cancelled(bare).nodes().size() == 1);
}

TEST_CASE("transposes that do not undo each other become one, and one that is read stays") {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {2, 3, 4, 5}});
    g.add_output("y", transposed(g, transposed(g, x, kToLast), kToLast));
    const Graph after = cancelled(g);
    INFO(to_text(after));
    REQUIRE(count(after, "transpose") == 1);
    CHECK(after.producer(after.outputs().at(0).second).integers("perm") ==
          std::vector<int64_t>{0, 3, 1, 2});

    const ValueId first = transposed(g, x, kToLast);
    g.add_output("between", first);
    g.add_output("back", transposed(g, first, kToFirst));
    const Graph read = cancelled(g);
    CHECK(count(read, "transpose") == 2); // y's and the one between
}

TEST_CASE(
    "a channels_first chain on a backend that is faster in channels_last is transposed at its "
    "ends alone") {
    Graph g;
    ValueId y = g.add_input("x", {DType::F32, {2, 3, 8, 8}});
    const ValueId filter = g.add_input("filter", {DType::F32, {3, 3, 3, 3}});
    for (const char* name : {"first", "second", "third"}) {
        y = add_operator(g, "conv", name, "", {y, filter},
                         {{"data_format", std::string("channels_first")}})[0];
        y = add_operator(g, "relu", name + std::string("/relu"), "", {y})[0];
    }
    g.add_output("y", y);
    const auto faster_in = [](const std::string& format) {
        return [=](const Graph&, const Node& node) {
            return std::vector<Selection>{
                {"only", node.string("data_format") == format ? 1.0 : 2.0, 0, 0, ""}};
        };
    };
    const Graph last = cancelled(choose_layouts(g, faster_in("channels_last")));
    INFO(to_text(last));
    CHECK(count(last, "conv") == 3);
    CHECK(count(last, "transpose") == 2);
    for (const Node& n : last.nodes())
        if (n.op == "conv")
            CHECK(n.string("data_format") == "channels_last");
    CHECK(count(cancelled(choose_layouts(g, faster_in("channels_first"))), "transpose") == 0);
}
