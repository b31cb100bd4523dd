#include "run.hpp"

using namespace lamina;
using namespace lamina::test;

TEST_CASE("gradient: unary operators") {
    for (const char* op : {"neg", "abs", "exp", "expm1", "square", "sin", "cos", "tanh", "sigmoid",
                           "softplus", "relu", "erf", "reciprocal", "copy"})
        check_gradient(op, {random({3, 5}, -3, 3)});
    for (const char* op : {"log", "log1p", "sqrt", "rsqrt"})
        check_gradient(op, {random({3, 5}, 0.2, 3)});
    check_gradient("cast", {random({7})}, {{"dtype", "f64"}});
}

TEST_CASE("gradient: saturated activations have none, and nothing overflows") {
    const Tensor far = f64({-800, 800});
    CHECK(doubles(gradients("sigmoid", {far})[0]) == std::vector<double>{0, 0});
    CHECK(doubles(gradients("tanh", {far})[0]) == std::vector<double>{0, 0});
    CHECK(doubles(gradients("softplus", {far})[0]) == std::vector<double>{0, 1});
    CHECK(doubles(gradients("relu", {f64({-1, 0, 1})})[0]) == std::vector<double>{0, 0, 1});
}

TEST_CASE("gradient: staircases stop it in silence") {
    for (const char* op : {"sign", "floor", "ceil", "round"})
        CHECK(gradients(op, {random({3})})[0].empty());
}

TEST_CASE("gradient: binary operators, each operand stretched in its own way") {
    const std::vector<std::vector<Dims>> shapes = {
        {{3, 5}, {3, 5}}, {{2, 3, 5}, {3, 1}}, {{1, 5}, {2, 3, 1}}, {{}, {4}}};
    for (const char* op : {"add", "sub", "mul", "div", "maximum", "minimum"})
        for (const auto& s : shapes)
            check_gradient(op, {random(s[0], -2, 2, 3), random(s[1], 0.3, 3, 4)});
    for (const auto& s : shapes)
        check_gradient("pow", {random(s[0], 0.3, 2, 3), random(s[1], -2, 3, 4)});
}

TEST_CASE("gradient: equal operands of maximum and minimum give it to the first") {
    for (const char* op : {"maximum", "minimum"}) {
        const auto g = gradients(op, {f64({1, 2}), f64({1, 2})});
        CHECK(doubles(g[0]) == std::vector<double>{1, 1});
        CHECK(doubles(g[1]) == std::vector<double>{0, 0});
    }
}

TEST_CASE("gradient: powers of zero and of negative numbers") {
    const auto g = gradients("pow", {f64({0, 0, 0, -2}), f64({0, 1, 2, 3})});
    CHECK(doubles(g[0]) == std::vector<double>{0, 1, 0, 12});
    CHECK(doubles(g[1]) == std::vector<double>{0, 0, 0, 0});
}

TEST_CASE("gradient: select sends it where the value came from") {
    const Tensor condition = Tensor::from(std::vector<double>{1, 0, 1}).cast(DType::Bool);
    check_gradient("select", {condition, random({2, 3}), random({2, 3}, -2, 2, 5)});
    check_gradient("select", {condition, random({2, 1}), random({}, -2, 2, 5)});
}

TEST_CASE("decomposition: a fused program is its instructions one after the other") {
    check_decomposition("fused_elementwise", {random({4, 3}), random({3})},
                        {{"program", "mul i0 i1;greater t0 c0.5;select t1 t0 c-0.25;relu i1"},
                         {"outputs", Dims{2, 1, 3}}});
    check_decomposition("fused_elementwise", {random({4, 3})},
                        {{"program", "cast_f32 i0;add t0 c1;cast_f64 t1"}, {"outputs", Dims{1}}});
}
