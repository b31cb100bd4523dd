#include "kernel.hpp"

#include <cmath>
#include <limits>

using namespace lamina;
using namespace lamina::test;

TEST_CASE("elementwise: unary operators give the hand-worked values") {
    const Tensor x = tensor({4}, {-2, -0.5f, 0, 1.5f});
    CHECK(floats("neg", {x}) == Floats{2, 0.5f, 0, -1.5f});
    CHECK(floats("abs", {x}) == Floats{2, 0.5f, 0, 1.5f});
    CHECK(floats("sign", {x}) == Floats{-1, -1, 0, 1});
    CHECK(floats("square", {x}) == Floats{4, 0.25f, 0, 2.25f});
    CHECK(floats("relu", {x}) == Floats{0, 0, 0, 1.5f});
    CHECK(floats("floor", {x}) == Floats{-2, -1, 0, 1});
    CHECK(floats("ceil", {x}) == Floats{-2, 0, 0, 2});
    CHECK(floats("reciprocal", {x}) == Floats{-0.5f, -2, Inf, 1 / 1.5f});
    CHECK(floats("sigmoid", {tensor({3}, {0, 100, -1000})}) == Floats{0.5f, 1, 0});
    CHECK(floats("softplus", {tensor({3}, {0, 1000, -1000})}) == Floats{std::log(2.0f), 1000, 0});
}

TEST_CASE("elementwise: every function of a real number is the rounded value of the double one") {
    const float at = 0.7f;
    const double d = at;
    const std::map<std::string, double> expected{{"exp", std::exp(d)},
                                                 {"expm1", std::expm1(d)},
                                                 {"log", std::log(d)},
                                                 {"log1p", std::log1p(d)},
                                                 {"sqrt", std::sqrt(d)},
                                                 {"rsqrt", 1 / std::sqrt(d)},
                                                 {"sin", std::sin(d)},
                                                 {"cos", std::cos(d)},
                                                 {"tanh", std::tanh(d)},
                                                 {"erf", std::erf(d)},
                                                 {"reciprocal", 1 / d},
                                                 {"sigmoid", 1 / (1 + std::exp(-d))},
                                                 {"softplus", std::log1p(std::exp(d))}};
    for (const auto& [op, value] : expected) {
        INFO(op);
        CHECK(floats(op, {tensor({1}, {at})}) == Floats{static_cast<float>(value)});
    }
}

TEST_CASE("elementwise: round goes to the even neighbour of a half") {
    CHECK(floats("round", {tensor({6}, {0.5f, 1.5f, 2.5f, -0.5f, -1.5f, 2.4f})}) ==
          Floats{0, 2, 2, 0, -2, 2});
}

TEST_CASE("elementwise: a NaN comes out of sign, relu, maximum and minimum as a NaN") {
    const Tensor n = tensor({1}, {NaN}), one = tensor({1}, {1});
    CHECK(std::isnan(floats("sign", {n})[0]));
    CHECK(std::isnan(floats("relu", {n})[0]));
    CHECK(std::isnan(floats("softplus", {n})[0]));
    for (const char* op : {"maximum", "minimum"}) {
        CHECK(std::isnan(floats(op, {n, one})[0]));
        CHECK(std::isnan(floats(op, {one, n})[0]));
    }
}

TEST_CASE("elementwise: binary operators broadcast as numpy does") {
    const Tensor column = tensor({2, 1}, {1, 10}), row = tensor({3}, {1, 2, 3});
    CHECK(run("add", {column, row})[0].shape() == Shape{2, 3});
    CHECK(floats("add", {column, row}) == Floats{2, 3, 4, 11, 12, 13});
    CHECK(floats("sub", {row, column}) == Floats{0, 1, 2, -9, -8, -7});
    CHECK(floats("mul", {column, row}) == Floats{1, 2, 3, 10, 20, 30});
    CHECK(floats("div", {tensor({}, {6}), row}) == Floats{6, 3, 2});
    CHECK(floats("pow", {row, tensor({1}, {2})}) == Floats{1, 4, 9});
    CHECK(floats("maximum", {row, tensor({}, {2})}) == Floats{2, 2, 3});
    CHECK(floats("minimum", {row, tensor({}, {2})}) == Floats{1, 2, 2});
}

TEST_CASE("elementwise: comparisons give bool, and all but not_equal are false of a NaN") {
    const Tensor a = tensor({3}, {1, 2, NaN}), b = tensor({3}, {2, 2, NaN});
    CHECK(run("equal", {a, b})[0].dtype() == DType::Bool);
    CHECK(floats("equal", {a, b}) == Floats{0, 1, 0});
    CHECK(floats("not_equal", {a, b}) == Floats{1, 0, 1});
    CHECK(floats("less", {a, b}) == Floats{1, 0, 0});
    CHECK(floats("less_equal", {a, b}) == Floats{1, 1, 0});
    CHECK(floats("greater", {a, b}) == Floats{0, 0, 0});
    CHECK(floats("greater_equal", {a, b}) == Floats{0, 1, 0});
    CHECK(floats("is_finite", {tensor({4}, {1, Inf, -Inf, NaN})}) == Floats{1, 0, 0, 0});
}

TEST_CASE("elementwise: logic works on bool") {
    const Tensor a = as(DType::Bool, tensor({4}, {0, 0, 1, 1}));
    const Tensor b = as(DType::Bool, tensor({4}, {0, 1, 0, 1}));
    CHECK(floats("logical_and", {a, b}) == Floats{0, 0, 0, 1});
    CHECK(floats("logical_or", {a, b}) == Floats{0, 1, 1, 1});
    CHECK(floats("logical_not", {a}) == Floats{1, 1, 0, 0});
}

TEST_CASE("elementwise: select takes whole values, broadcasting all three") {
    const Tensor condition = as(DType::Bool, tensor({2, 1}, {1, 0}));
    CHECK(floats("select", {condition, tensor({2}, {1, 2}), tensor({}, {9})}) ==
          Floats{1, 2, 9, 9});
}

TEST_CASE("elementwise: 64-bit integers keep all their bits and wrap around") {
    const int64_t large = (int64_t{1} << 53) + 1, max = std::numeric_limits<int64_t>::max();
    const Tensor a = integers({2}, {large, max}), one = integers({}, {1});
    CHECK(values<int64_t>(run("add", {a, one})[0]) ==
          Ints{large + 1, std::numeric_limits<int64_t>::min()});
    CHECK(values<int64_t>(run("maximum", {a, one})[0]) == Ints{large, max});
    CHECK(floats("equal", {a, integers({2}, {large - 1, max})}) == Floats{0, 1});
}

TEST_CASE("elementwise: a cast to integers cuts towards zero, stops at the ends and makes NaN 0") {
    const Attributes to_i32{{"dtype", std::string("i32")}};
    CHECK(values<int32_t>(run("cast", {tensor({5}, {2.9f, -2.9f, 1e20f, -Inf, NaN})}, to_i32)[0]) ==
          std::vector<int32_t>{2, -2, std::numeric_limits<int32_t>::max(),
                               std::numeric_limits<int32_t>::min(), 0});
    CHECK(floats("cast", {tensor({3}, {0, 0.5f, NaN})}, {{"dtype", std::string("bool")}}) ==
          Floats{0, 1, 1});
}

TEST_CASE("elementwise: 16-bit floats are stored rounded to nearest even") {
    const Tensor a = as(DType::F16, tensor({2}, {2048, 1})),
                 b = as(DType::F16, tensor({2}, {1, 1}));
    CHECK(floats("add", {a, b}) == Floats{2048, 2});
    CHECK(floats("cast", {tensor({1}, {1.01f})}, {{"dtype", std::string("bf16")}}) ==
          Floats{1.0078125f});
}

TEST_CASE("fused_elementwise: a program gives the bits of its operators run one by one") {
    const Tensor x = tensor({2, 2}, {0.1f, -0.2f, 0.3f, -0.4f}), scale = tensor({2}, {3, 7});
    const Tensor product = run("mul", {x, scale})[0];
    const Tensor sum = run("add", {product, tensor({}, {0.1f})})[0];
    const auto results =
        run("fused_elementwise", {x, scale},
            {{"program", std::string("mul i0 i1;add t0 c0.1;greater t1 c0;select t2 t1 c0")},
             {"outputs", Ints{1, 3}}});
    CHECK(values(results[0]) == values(sum));
    CHECK(values(results[1]) == floats("relu", {sum}));
}

TEST_CASE("fused_elementwise: outputs may be bool, and casts name their dtype") {
    const auto results = run(
        "fused_elementwise", {tensor({3}, {1, 2, 3})},
        {{"program", std::string("less c2 i0;cast_i32 t0;add t1 c1")}, {"outputs", Ints{0, 2}}});
    CHECK(results[0].dtype() == DType::Bool);
    CHECK(values<int32_t>(results[1]) == std::vector<int32_t>{1, 1, 2});
}
