#include "kernel.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {
const Tensor x23 = tensor({2, 3}, {1, 2, 3, 4, 5, 6});
}

TEST_CASE("reshape, transpose and broadcast_to move elements in row-major order") {
    CHECK(floats("reshape", {x23}, {{"shape", Ints{3, 2}}}) == Floats{1, 2, 3, 4, 5, 6});
    CHECK(floats("transpose", {x23}, {{"perm", Ints{1, 0}}}) == Floats{1, 4, 2, 5, 3, 6});
    CHECK(floats("broadcast_to", {tensor({2, 1}, {7, 8})}, {{"shape", Ints{2, 2, 2}}}) ==
          Floats{7, 7, 8, 8, 7, 7, 8, 8});
}

TEST_CASE("transpose: dimension i of the output is dimension perm[i] of the input") {
    const Tensor x = tensor({2, 1, 3}, {1, 2, 3, 4, 5, 6});
    const Tensor y = run("transpose", {x}, {{"perm", Ints{2, 0, 1}}})[0];
    CHECK(y.shape() == Shape{3, 2, 1});
    CHECK(values(y) == Floats{1, 4, 2, 5, 3, 6});
}

TEST_CASE("slice: strides may skip and go backwards") {
    CHECK(floats("slice", {x23}, {{"begin", Ints{0, 1}}, {"size", Ints{2, 2}}}) ==
          Floats{2, 3, 5, 6});
    CHECK(floats("slice", {x23},
                 {{"begin", Ints{1, 2}}, {"size", Ints{2, 2}}, {"strides", Ints{-1, -2}}}) ==
          Floats{6, 4, 3, 1});
}

TEST_CASE("pad: the value stands before and after") {
    CHECK(floats("pad", {tensor({1, 2}, {1, 2})},
                 {{"low", Ints{1, 0}}, {"high", Ints{0, 1}}, {"value", 9.0}}) ==
          Floats{9, 9, 9, 1, 2, 9});
    const Tensor y =
        run("pad", {integers({1}, {1})}, {{"low", Ints{1}}, {"high", Ints{0}}, {"value", -1.0}})[0];
    CHECK(values<int64_t>(y) == Ints{-1, 1});
}

TEST_CASE("concat: inputs follow one another along the axis") {
    CHECK(floats("concat", {x23, tensor({2, 1}, {7, 8})}, {{"axis", 1}}) ==
          Floats{1, 2, 3, 7, 4, 5, 6, 8});
    CHECK(floats("concat", {x23, tensor({1, 3}, {7, 8, 9})}, {{"axis", 0}}) ==
          Floats{1, 2, 3, 4, 5, 6, 7, 8, 9});
}

TEST_CASE("movement: every dtype keeps its bits") {
    for (const DType dtype :
         {DType::F64, DType::I32, DType::I64, DType::U8, DType::Bool, DType::F16, DType::BF16}) {
        const Tensor x = as(dtype, x23);
        const Tensor y = run("transpose", {x}, {{"perm", Ints{1, 0}}})[0];
        CHECK(y.dtype() == dtype);
        CHECK(values(y.cast(DType::F32)) ==
              values(run("transpose", {x.cast(DType::F32)}, {{"perm", Ints{1, 0}}})[0]));
    }
}

TEST_CASE("gather: an index outside reads zeros") {
    const Tensor y = run("gather", {x23, integers({2, 2}, {2, 0, -1, 3})}, {{"axis", 1}})[0];
    CHECK(y.shape() == Shape{2, 2, 2});
    CHECK(values(y) == Floats{3, 1, 0, 0, 6, 4, 0, 0});
}

TEST_CASE("scatter_add: slices with one index add up, an index outside adds nothing") {
    const Tensor updates = tensor({4, 2}, {1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(floats("scatter_add", {integers({4}, {1, 0, 1, 9}), updates},
                 {{"axis", 0}, {"size", 3}}) == Floats{3, 4, 6, 8, 0, 0});
    CHECK(floats("scatter_add", {integers({3}, {1, 1, 0}), x23}, {{"axis", 1}, {"size", 2}}) ==
          Floats{3, 3, 6, 9});
}

TEST_CASE("one_hot: marks the class, nothing for one outside") {
    CHECK(floats("one_hot", {integers({3}, {1, 0, 5})}, {{"depth", 2}}) ==
          Floats{0, 1, 1, 0, 0, 0});
    CHECK(run("one_hot", {integers({1}, {0})}, {{"depth", 2}, {"dtype", std::string("i32")}})[0]
              .dtype() == DType::I32);
}
