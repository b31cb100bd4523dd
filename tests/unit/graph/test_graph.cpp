#include <algorithm>

#include <catch2/catch.hpp>

#include "lamina/error.hpp"
#include "lamina/model.hpp"
#include "lamina/operators.hpp"
#include "random_graph.hpp"

using namespace lamina;
using Catch::Contains;

namespace {

const TensorType row{DType::F32, {2, 3}};

/// y = relu(x * w), w := w - 1
struct Small {
    Graph graph;
    ValueId x = graph.add_input("x", row);
    ValueId w = add_weight();
    ValueId product = add_operator(graph, "mul", "product", "dense", {x, w})[0];
    ValueId y = add_operator(graph, "relu", "relu", "dense", {product})[0];
    ValueId next =
        add_operator(graph, "sub", "step", "", {w, graph.add_constant(Tensor::scalar(1.0f))})[0];

    Small() {
        graph.add_output("y", y);
        graph.set_update(w, next);
    }
    ValueId add_weight() {
        Variable v;
        v.name = "dense/kernel";
        v.type = row;
        return graph.add_variable(v);
    }
};

} // namespace

TEST_CASE("a graph that the builder made verifies") {
    CHECK_NOTHROW(verify(Small().graph));
    for (unsigned seed = 0; seed < 30; ++seed)
        CHECK_NOTHROW(verify(test::RandomGraph(seed).problem().graph));
}

TEST_CASE("the training graph of LeNet verifies") {
    Model model = Model::zoo("lenet");
    model.compile({});
    CHECK_NOTHROW(verify(model.graph(Mode::Train, 3)));
}

TEST_CASE("an input or a variable asked for again is the same one") {
    Small s;
    CHECK(s.graph.add_input("x", row) == s.x);
    CHECK(s.add_weight() == s.w);
    CHECK_THROWS_AS(s.graph.add_input("x", {DType::F32, {2, 4}}), ShapeError);
    CHECK(s.graph.inputs().size() == 1);
    CHECK(s.graph.variables().size() == 1);
}

TEST_CASE("names of nodes are unique") {
    Small s;
    const auto second = add_operator(s.graph, "relu", "relu", "dense", {s.x})[0];
    CHECK(s.graph.producer(second).name != s.graph.producer(s.y).name);
    CHECK_THAT(s.graph.producer(second).name, Catch::StartsWith("relu"));
}

TEST_CASE("uses count readers, outputs and updates") {
    Small s;
    s.graph.add_output("again", s.y);
    const auto uses = s.graph.use_counts();
    CHECK(uses[static_cast<size_t>(s.w)] == 2);
    CHECK(uses[static_cast<size_t>(s.y)] == 2);
    CHECK(uses[static_cast<size_t>(s.next)] == 1);
}

TEST_CASE("a variable is updated once, by its own type") {
    Small s;
    CHECK_THROWS_WITH(s.graph.set_update(s.w, s.next), Contains("assigned twice"));
    CHECK_THROWS_WITH(s.graph.set_update(s.x, s.next), Contains("no variable"));
}

TEST_CASE("the verifier names the node whose type the shape rule denies") {
    Small s;
    s.graph.add_node("relu", "wrong", "", {s.x}, {}, {{DType::F32, {9, 9}}});
    CHECK_THROWS_WITH(verify(s.graph), Contains("wrong") && Contains("f32[9, 9]") &&
                                           Contains("the shape rule gives f32[2, 3]"));
}

TEST_CASE("the verifier names the node that reads what is made after it") {
    Small s;
    s.graph.node(s.graph.value(s.product).producer).inputs[0] = s.y;
    CHECK_THROWS_WITH(verify(s.graph), Contains("product") && Contains("before"));
}

TEST_CASE("the verifier refuses two nodes of one name, and values that are none") {
    Small s;
    s.graph.node(s.graph.value(s.y).producer).name = "product";
    CHECK_THROWS_WITH(verify(s.graph), Contains("another node has its name"));
    Small t;
    t.graph.node(t.graph.value(t.y).producer).inputs[0] = 99;
    CHECK_THROWS_WITH(verify(t.graph), Contains("99"));
}

TEST_CASE("an unknown operator or attribute is refused with the nearest name") {
    Small s;
    CHECK_THROWS_WITH(add_operator(s.graph, "rellu", "a", "", {s.x}),
                      Contains("rellu") && Contains("relu"));
    CHECK_THROWS_WITH(add_operator(s.graph, "softmax", "a", "", {s.x}, {{"axsi", int64_t{1}}}),
                      Contains("axsi"));
}

TEST_CASE("the text of a graph has a line a node, its updates and its outputs") {
    const Small s;
    const std::string text = to_text(s.graph);
    INFO(text);
    CHECK_THAT(text, Contains("%0 = input(x): f32[2, 3]\n"));
    CHECK_THAT(text, Contains("%1 = variable(dense/kernel): f32[2, 3]\n"));
    CHECK_THAT(text, Contains("%2 = mul(%0, %1): f32[2, 3]   # product\n"));
    CHECK_THAT(text, Contains("dense/kernel := %" + std::to_string(s.next) + "\n"));
    CHECK_THAT(text, Contains("output y = %3\n"));
}

TEST_CASE("the dot of a graph has a node and an edge for each, and balanced quotes") {
    const Small s;
    const std::string dot = to_dot(s.graph);
    INFO(dot);
    CHECK_THAT(dot, Catch::StartsWith("digraph") && Catch::EndsWith("}\n"));
    size_t edges = 1; // of the output
    for (size_t id = 0; id < s.graph.nodes().size(); ++id) {
        CHECK_THAT(dot, Contains("  n" + std::to_string(id) + " [label="));
        edges += s.graph.nodes()[id].inputs.size();
    }
    size_t arrows = 0;
    for (size_t at = 0; (at = dot.find(" -> ", at)) != std::string::npos; ++at)
        ++arrows;
    CHECK(arrows == edges);
    CHECK(std::count(dot.begin(), dot.end(), '"') % 2 == 0);
}
