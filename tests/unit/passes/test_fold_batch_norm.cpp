#include <catch2/catch.hpp>

#include "describe.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

struct Layers {
    bool channels_first = false, bias = false, second_reader = false;
};

/// A convolution of 3 channels to 5, and a batch normalisation by given statistics.
Problem convolution_and_norm(const Layers& layers) {
    Problem p;
    Graph& g = p.graph;
    const auto weight = [&](const char* name, const Shape& shape) {
        Variable v;
        v.name = name;
        v.type = {DType::F32, shape};
        v.initializer = "\"zeros\"";
        return g.add_variable(v);
    };
    const bool first = layers.channels_first;
    const ValueId x = g.add_input("x", {DType::F32, first ? Shape{2, 3, 6, 4} : Shape{2, 6, 4, 3}});
    ValueId y =
        add_operator(g, "conv", "conv", "layer", {x, weight("filter", {3, 3, 3, 5})},
                     {{"data_format", std::string(first ? "channels_first" : "channels_last")},
                      {"padding_low", std::vector<int64_t>{1, 1}},
                      {"padding_high", std::vector<int64_t>{1, 1}}})[0];
    if (layers.second_reader)
        g.add_output("product", y);
    if (layers.bias) {
        const Shape along = first ? Shape{5, 1, 1} : Shape{5};
        y = add_operator(g, "add", "bias", "layer", {y, weight("bias", along)})[0];
    }
    y = add_operator(g, "batch_norm_inference", "norm", "norm",
                     {y, weight("gamma", {5}), weight("beta", {5}), weight("mean", {5}),
                      weight("variance", {5})},
                     {{"axis", int64_t{first ? 1 : -1}}, {"epsilon", 0.01}})[0];
    g.add_output("y", y);
    std::mt19937 draw(1);
    p.draw_values(draw);
    for (float& v : p.variables.at("variance").data<float>())
        v = v * v;
    return p;
}

int64_t count(const Graph& g, const char* op) {
    return std::count_if(g.nodes().begin(), g.nodes().end(),
                         [&](const Node& n) { return n.op == op; });
}

} // namespace

TEST_CASE("fold_batch_norm: the convolution before takes it in, with its bias") {
    const auto reference = device("reference");
    for (const bool channels_first : {false, true})
        for (const bool bias : {false, true}) {
            CAPTURE(channels_first, bias);
            const Problem p = convolution_and_norm({channels_first, bias, false});
            const Graph after = fold_batch_norm(p.graph);
            REQUIRE_NOTHROW(verify(after));
            CHECK(count(after, "batch_norm_inference") == 0);
            CHECK(count(after, "conv") == 1);
            const Tensor want = run_steps(p, p.graph, reference, {.optimize = false}).at("y");
            const Tensor got = run_steps(p, after, reference, {.optimize = false}).at("y");
            for (size_t i = 0; i < want.data<float>().size(); ++i)
                REQUIRE(got.data<float>()[i] == Approx(want.data<float>()[i]).margin(2e-5));
        }
}

TEST_CASE("fold_batch_norm: a convolution that others read stays as it is") {
    const Problem p = convolution_and_norm({false, false, true});
    CHECK(count(fold_batch_norm(p.graph), "batch_norm_inference") == 1);
}
