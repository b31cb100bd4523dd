#include "kernel.hpp"

#include <cmath>

using namespace lamina;
using namespace lamina::test;

namespace {

/// Integers in a fixed pseudo-random order: products and sums of them are exact.
Tensor pattern(const Shape& shape, int64_t salt) {
    Floats v(static_cast<size_t>(shape.elements()));
    for (size_t i = 0; i < v.size(); ++i)
        v[i] = static_cast<float>((static_cast<int64_t>(i) * 7 + salt * 5) % 11 - 5);
    return tensor(shape, v);
}

double dot(const Tensor& a, const Tensor& b) {
    double sum = 0;
    for (size_t i = 0; i < a.data<float>().size(); ++i)
        sum += static_cast<double>(a.data<float>()[i]) * static_cast<double>(b.data<float>()[i]);
    return sum;
}

Tensor channels_first(const Tensor& x) {
    Ints perm{0, static_cast<int64_t>(x.shape().rank()) - 1};
    for (int64_t i = 1; i + 1 < static_cast<int64_t>(x.shape().rank()); ++i)
        perm.push_back(i);
    return run("transpose", {x}, {{"perm", perm}})[0];
}

} // namespace

TEST_CASE("conv: one window gives the dot product of image and filter, not flipped") {
    const Tensor x = tensor({1, 2, 2, 1}, {1, 2, 3, 4});
    const Tensor filter = tensor({2, 2, 1, 1}, {1, 10, 100, 1000});
    CHECK(floats("conv", {x, filter}) == Floats{4321});
}

TEST_CASE("conv: uneven padding puts the odd row and column after") {
    const Tensor x = tensor({1, 2, 2, 1}, {1, 2, 3, 4});
    const Tensor filter = tensor({2, 2, 1, 1}, {1, 10, 100, 1000});
    CHECK(
        floats("conv", {x, filter}, {{"padding_low", Ints{0, 0}}, {"padding_high", Ints{1, 1}}}) ==
        Floats{4321, 402, 43, 4});
}

TEST_CASE("conv: stride and dilation in one dimension") {
    const Tensor x = tensor({1, 7, 1}, {1, 2, 3, 4, 5, 6, 7}), filter = tensor({2, 1, 1}, {1, 10});
    CHECK(floats("conv", {x, filter}, {{"strides", Ints{2}}, {"dilations", Ints{3}}}) ==
          Floats{41, 63});
}

TEST_CASE("conv: a group's filters read the group's channels alone") {
    const Tensor x = tensor({1, 1, 1, 4}, {1, 2, 3, 4});
    const Tensor filter = tensor({1, 1, 2, 2}, {1, 2, 10, 20}); // [c, k]
    CHECK(floats("conv", {x, filter}, {{"groups", 2}}) == Floats{21, 86});
}

TEST_CASE("conv: the epilogue adds the bias and cuts at zero") {
    const Tensor x = tensor({1, 1, 1, 1}, {2}), filter = tensor({1, 1, 1, 2}, {1, -1});
    CHECK(floats("conv", {x, filter, tensor({2}, {0.5f, 1})},
                 {{"epilogue", std::string("add i0 i1;relu t0")}}) == Floats{2.5f, 0});
}

TEST_CASE("conv and its backward operators are the derivatives of one trilinear form") {
    struct Case {
        Shape x, filter;
        Attributes attrs;
    };
    const std::vector<Case> cases{
        {{2, 9, 4}, {3, 4, 5}, {{"strides", Ints{2}}, {"padding_low", Ints{1}}}},
        {{2, 7, 6, 4},
         {3, 2, 2, 6},
         {{"groups", 2},
          {"strides", Ints{2, 1}},
          {"dilations", Ints{1, 2}},
          {"padding_low", Ints{0, 1}},
          {"padding_high", Ints{2, 1}}}},
        {{1, 4, 5, 3, 2}, {2, 3, 1, 2, 3}, {{"padding_high", Ints{1, 0, 2}}}},
    };
    for (const Case& c : cases) {
        const Tensor x = pattern(c.x, 1), filter = pattern(c.filter, 2);
        const Tensor y = run("conv", {x, filter}, c.attrs)[0];
        const Tensor dy = pattern(y.shape(), 3);
        Attributes data = c.attrs, weights = c.attrs;
        data["input_shape"] = Ints(c.x.begin(), c.x.end());
        weights["filter_shape"] = Ints(c.filter.begin(), c.filter.end());
        const double form = dot(y, dy);
        CHECK(form != 0);
        CHECK(dot(run("conv_backward_data", {dy, filter}, data)[0], x) == form);
        CHECK(dot(run("conv_backward_filter", {x, dy}, weights)[0], filter) == form);

        Attributes first = c.attrs;
        first["data_format"] = std::string("channels_first");
        CHECK(values(run("conv", {channels_first(x), filter}, first)[0]) ==
              values(channels_first(y)));
    }
}

TEST_CASE("max_pool: padding never wins, a NaN always does") {
    const Tensor x = tensor({1, 3, 1}, {-1, -2, NaN});
    const Floats y = floats("max_pool", {x},
                            {{"window", Ints{2}}, {"strides", Ints{1}}, {"padding_low", Ints{1}}});
    CHECK(y[0] == -1);
    CHECK(y[1] == -1);
    CHECK(std::isnan(y[2]));
}

TEST_CASE("max_pool_grad: the first maximum takes all, windows that overlap add up") {
    const Tensor x = tensor({1, 3, 3, 1}, {1, 5, 5, 5, 5, 1, 1, 1, 1});
    const Attributes attrs{{"window", Ints{2, 2}}, {"strides", Ints{1, 1}}};
    const Tensor y = run("max_pool", {x}, attrs)[0];
    CHECK(values(y) == Floats{5, 5, 5, 5});
    CHECK(floats("max_pool_grad", {x, y, tensor({1, 2, 2, 1}, {1, 10, 100, 1000})}, attrs) ==
          Floats{0, 11, 0, 100, 1000, 0, 0, 0, 0});
}

TEST_CASE("max_pool_grad: a window with a NaN gives to the first NaN") {
    const Tensor x = tensor({1, 3, 1}, {7, NaN, NaN});
    const Attributes attrs{{"window", Ints{3}}};
    const Tensor y = run("max_pool", {x}, attrs)[0];
    CHECK(floats("max_pool_grad", {x, y, tensor({1, 1, 1}, {2})}, attrs) == Floats{0, 2, 0});
}

TEST_CASE("avg_pool: padding is left out of the count") {
    const Tensor x = tensor({1, 3, 1}, {3, 5, 7});
    const Attributes attrs{{"window", Ints{2}},
                           {"strides", Ints{2}},
                           {"padding_low", Ints{0}},
                           {"padding_high", Ints{1}}};
    CHECK(floats("avg_pool", {x}, attrs) == Floats{4, 7});
    Attributes grad = attrs;
    grad["input_shape"] = Ints{1, 3, 1};
    CHECK(floats("avg_pool_grad", {tensor({1, 2, 1}, {2, 3})}, grad) == Floats{1, 1, 3});
}

TEST_CASE("matmul: transposes, batches and a shared right side") {
    const Tensor a = tensor({2, 3}, {1, 2, 3, 4, 5, 6}), b = tensor({3, 2}, {1, 0, 0, 1, 1, 1});
    const Floats product{4, 5, 10, 11};
    const auto transposed = [](const Tensor& t) {
        return run("transpose", {t}, {{"perm", Ints{1, 0}}})[0];
    };
    CHECK(floats("matmul", {a, b}) == product);
    CHECK(floats("matmul", {transposed(a), b}, {{"transpose_a", true}}) == product);
    CHECK(floats("matmul", {a, transposed(b)}, {{"transpose_b", true}}) == product);

    const Tensor batch = tensor({2, 1, 2}, {1, 2, 3, 4});
    CHECK(floats("matmul", {batch, tensor({2, 1}, {1, 10})}) == Floats{21, 43});
    CHECK(floats("matmul", {batch, tensor({2, 2, 1}, {1, 10, 100, 1000})}) == Floats{21, 4300});
    CHECK(floats("matmul", {a, b, tensor({2}, {-5, 0})},
                 {{"epilogue", std::string("add i0 i1;relu t0")}}) == Floats{0, 5, 5, 11});
}

TEST_CASE("resize: nearest and bilinear sample at half-pixel centres") {
    const Tensor x = tensor({1, 2, 1}, {0, 4});
    CHECK(floats("resize", {x}, {{"size", Ints{4}}}) == Floats{0, 0, 4, 4});
    const Attributes linear{{"size", Ints{4}}, {"method", std::string("bilinear")}};
    CHECK(floats("resize", {x}, linear) == Floats{0, 1, 3, 4});
    CHECK(floats("resize", {tensor({1, 5, 1}, {0, 1, 2, 3, 4})}, {{"size", Ints{2}}}) ==
          Floats{1, 3});
    CHECK(floats("resize_grad", {tensor({1, 4, 1}, {1, 1, 1, 1})},
                 {{"method", std::string("bilinear")}, {"input_shape", Ints{1, 2, 1}}}) ==
          Floats{2, 2});
}

TEST_CASE("resize: images keep their channels, in either data format") {
    const Tensor x = pattern({2, 3, 2, 2}, 1);
    const Attributes attrs{{"size", Ints{4, 5}}, {"method", std::string("bilinear")}};
    Attributes first = attrs;
    first["data_format"] = std::string("channels_first");
    CHECK(values(run("resize", {channels_first(x)}, first)[0]) ==
          values(channels_first(run("resize", {x}, attrs)[0])));
}
