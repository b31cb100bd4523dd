#include <catch2/catch.hpp>

#include "describe.hpp"
#include "lamina/model.hpp"
#include "passes/mixed_precision.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

Model compiled(Model model, Precision precision) {
    model.set_precision(precision);
    model.compile({});
    return model;
}

bool is_one_of(const std::string& op, const std::vector<std::string>& ops) {
    return std::find(ops.begin(), ops.end(), op) != ops.end();
}

DType type_of(const Graph& graph, ValueId value) { return graph.type(value).dtype; }

} // namespace

TEST_CASE("mixed precision: products take two-byte operands, losses and updates are f32") {
    for (const auto& [precision, storage] : {std::pair(Precision::Mixed, DType::F16),
                                             std::pair(Precision::MixedBfloat16, DType::BF16)}) {
        const Graph graph = compiled(Model::zoo("lenet"), precision).graph(Mode::Train, 4);
        REQUIRE_NOTHROW(verify(graph));
        int products = 0;
        for (const Node& node : graph.nodes()) {
            INFO(node.name);
            if (is_one_of(node.op, {"conv", "conv_backward_data", "conv_backward_filter", "matmul",
                                    "max_pool", "max_pool_grad"}))
                for (const ValueId v : node.inputs)
                    CHECK(type_of(graph, v) == storage);
            if (is_one_of(node.op, {"conv", "conv_backward_data", "max_pool", "max_pool_grad"}))
                CHECK(type_of(graph, node.outputs[0]) == storage);
            products += node.op == "conv" || node.op == "matmul";
            if (is_one_of(node.op, {"softmax", "log_softmax", "softmax_cross_entropy"}) ||
                node.layer == "loss")
                for (const ValueId v : node.inputs)
                    CHECK(type_of(graph, v) != storage);
        }
        CHECK(products == 8); // two convolutions; two products and four gradients of them
        for (const Variable& v : graph.variables())
            CHECK(v.type.dtype == DType::F32);
        for (const auto& [name, value] : graph.outputs())
            CHECK(type_of(graph, value) == DType::F32);
    }
}

TEST_CASE("mixed precision: the gradient of a weight is the f32 in which it was added up") {
    const Graph graph = compiled(Model::zoo("lenet"), Precision::Mixed).graph(Mode::Train, 4);
    int sums = 0;
    for (const Node& node : graph.nodes()) {
        const bool of_bias =
            node.op == "reduce_sum" && type_of(graph, node.inputs[0]) == DType::F16;
        if (node.op != "conv_backward_filter" && !of_bias)
            continue;
        INFO(node.name);
        CHECK(type_of(graph, node.outputs[0]) == DType::F32);
        ++sums;
    }
    CHECK(sums == 6);
}

TEST_CASE("mixed precision: normalisation stores f16 and keeps its statistics in f32") {
    Model model({9, 9, 2}, "normalised");
    model.add("Conv2D", {{"filters", 4}, {"kernel_size", 3}})
        .add("BatchNormalization")
        .add("Activation", {{"activation", "relu"}})
        .add("Flatten")
        .add("Dense", {{"units", 3}, {"activation", "softmax"}});
    const Graph graph = compiled(std::move(model), Precision::Mixed).graph(Mode::Train, 4);
    int seen = 0;
    for (const Node& node : graph.nodes()) {
        if (node.op != "batch_norm_training" && node.op != "batch_norm_grad")
            continue;
        ++seen;
        CHECK(type_of(graph, node.inputs[0]) == DType::F16);
        CHECK(type_of(graph, node.outputs[0]) == DType::F16);
        for (size_t i = 1; i < 3; ++i) {
            CHECK(type_of(graph, node.inputs[i]) == DType::F32);
            CHECK(type_of(graph, node.outputs[i]) == DType::F32);
        }
    }
    CHECK(seen == 2);
}

TEST_CASE("mixed precision: what was computed in f32 is not rounded for what stands beside it") {
    Graph g;
    const ValueId x = g.add_input("x", {DType::F32, {4, 3}});
    Variable weight;
    weight.name = "w";
    weight.type = {DType::F32, {3, 3}};
    const ValueId w = g.add_variable(weight);
    const ValueId y = add_operator(g, "matmul", "y", "", {x, w})[0];
    const ValueId soft = add_operator(g, "softmax", "soft", "", {y})[0];
    const ValueId gated = add_operator(g, "mul", "gated", "", {y, soft})[0];
    const Rewritten stored = store_as(g, DType::F16);
    REQUIRE_NOTHROW(verify(stored.graph));
    const auto type = [&](ValueId old) {
        return type_of(stored.graph, stored.values[static_cast<size_t>(old)]);
    };
    CHECK(type(y) == DType::F16);
    CHECK(type(soft) == DType::F32);
    CHECK(type(gated) == DType::F32);
}

TEST_CASE("a 16-bit operator that the backend lacks runs in f32 between casts, to the same bits") {
    Problem p;
    const auto half = [&](const char* name, const Shape& shape) {
        return p.graph.add_input(name, {DType::F16, shape});
    };
    const ValueId y =
        add_operator(p.graph, "matmul", "y", "", {half("a", {3, 4}), half("b", {4, 5})})[0];
    const ValueId z = add_operator(p.graph, "max_pool", "z", "", {half("x", {1, 4, 4, 2})},
                                   {{"window", std::vector<int64_t>{2, 2}}})[0];
    p.graph.add_output("y", y);
    p.graph.add_output("z", z);
    for (const auto& [name, id] : p.graph.inputs()) {
        std::vector<float> values(static_cast<size_t>(p.graph.type(id).shape.elements()));
        for (size_t i = 0; i < values.size(); ++i)
            values[i] = static_cast<float>(i % 7) - 3;
        p.inputs[name] = Tensor::from(values, p.graph.type(id).shape).cast(DType::F16);
    }
    const auto reference = device("reference");
    const auto openblas = device("openblas");
    const Graph after = decompose(p.graph, describe_on(openblas));
    REQUIRE_NOTHROW(verify(after));
    const Named before = run_steps(p, p.graph, reference, {.optimize = false});
    for (const auto& [name, value] : run_steps(p, after, openblas, {.optimize = false}))
        CHECK(same_bits(value, before.at(name)));
}
