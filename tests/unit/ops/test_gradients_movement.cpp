#include "run.hpp"

using namespace lamina;
using namespace lamina::test;

TEST_CASE("gradient: reshape, broadcast_to, transpose") {
    check_gradient("reshape", {random({2, 3, 4})}, {{"shape", Dims{4, -1}}});
    check_gradient("reshape", {random({1})}, {{"shape", Dims{}}});
    check_gradient("broadcast_to", {random({3, 1})}, {{"shape", Dims{2, 3, 4}}});
    check_gradient("broadcast_to", {random({1, 1})}, {{"shape", Dims{1, 3}}});
    check_gradient("transpose", {random({2, 3, 4})}, {{"perm", Dims{2, 0, 1}}});
}

TEST_CASE("gradient: pad, slice, concat") {
    check_gradient("pad", {random({2, 3})},
                   {{"low", Dims{1, 0}}, {"high", Dims{2, 3}}, {"value", 4.0}});
    check_gradient("slice", {random({4, 5})}, {{"begin", Dims{1, 0}}, {"size", Dims{2, 5}}});
    check_gradient(
        "slice", {random({5, 7, 3})},
        {{"begin", Dims{4, 1, 1}}, {"size", Dims{3, 3, 2}}, {"strides", Dims{-2, 2, 1}}});
    check_gradient("slice", {random({3, 2})},
                   {{"begin", Dims{2, 0}}, {"size", Dims{3, 2}}, {"strides", Dims{-1, 1}}});
    check_gradient("slice", {random({3})}, {{"begin", Dims{0}}, {"size", Dims{3}}});
    check_gradient("concat", {random({2, 3}), random({2, 1}), random({2, 4})}, {{"axis", -1}});
}

TEST_CASE("gradient: gather adds up what was read twice, scatter_add reads it back") {
    check_gradient("gather", {random({4, 3}), indices({2, 0, 2, 3, 3, 3}, {2, 3})}, {{"axis", 0}});
    check_gradient("gather", {random({2, 4, 3}), indices({1, 1}, {2})}, {{"axis", -2}});
    check_gradient("scatter_add", {indices({2, 0, 2}, {3}), random({2, 3, 2})},
                   {{"axis", 1}, {"size", 4}});
    check_gradient("scatter_add", {indices({2, 0, 2, 1}, {2, 2}), random({3, 2, 2})},
                   {{"axis", -1}, {"size", 3}});
}

TEST_CASE("gradient: top_k gives each value's to the element it came from") {
    check_gradient("top_k", {random({3, 7})}, {{"k", 3}});
    const auto g = gradients("top_k", {f64({1, 5, 5, 2})}, {{"k", 2}}, {f64({10, 20})});
    CHECK(doubles(g[0]) == std::vector<double>{0, 10, 20, 0});
}

TEST_CASE("gradient: reductions over some axes, kept or not") {
    for (const char* op : {"reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod"})
        for (const bool keep : {false, true}) {
            check_gradient(op, {random({3, 4, 2})}, {{"axes", Dims{1}}, {"keep_dims", keep}});
            check_gradient(op, {random({2, 3, 2})}, {{"axes", Dims{-1, 0}}, {"keep_dims", keep}});
            check_gradient(op, {random({5})}, {{"axes", Dims{0}}, {"keep_dims", keep}});
            check_gradient(op, {random({5})}, {{"axes", Dims{}}, {"keep_dims", keep}});
        }
}

TEST_CASE("gradient: equal extremes share it evenly") {
    CHECK(doubles(gradients("reduce_max", {f64({3, 1, 3, 2})}, {{"axes", Dims{0}}})[0]) ==
          std::vector<double>{0.5, 0, 0.5, 0});
    CHECK(doubles(gradients("reduce_min", {f64({3, 1, 3, 1})}, {{"axes", Dims{0}}})[0]) ==
          std::vector<double>{0, 0.5, 0, 0.5});
}

TEST_CASE("gradient: a product's stays right where elements are zero") {
    const Attrs axes{{"axes", Dims{0}}};
    CHECK(doubles(gradients("reduce_prod", {f64({2, 0, 3})}, axes)[0]) ==
          std::vector<double>{0, 6, 0});
    CHECK(doubles(gradients("reduce_prod", {f64({0, 0, 3})}, axes)[0]) ==
          std::vector<double>{0, 0, 0});
}

TEST_CASE("gradient: indices stop it in silence") {
    const Attrs attrs{{"depth", 3}, {"dtype", "f64"}};
    CHECK(gradients("one_hot", {indices({1, 0}, {2})}, attrs)[0].empty());
    const Tensor x = random({2, 4});
    const auto g = gradients("gather", {x, run("argmax", {x}, {{"axis", 0}})[0]}, {{"axis", 1}});
    CHECK(g[1].empty());
}

TEST_CASE("gradient: an operator without one refuses by its name") {
    CHECK_THROWS_WITH(
        gradients("max_pool_grad", {random({1, 4, 1}), random({1, 2, 1}), random({1, 2, 1})},
                  {{"window", Dims{2}}, {"strides", Dims{2}}}),
        Catch::Matchers::Contains("max_pool_grad") && Catch::Matchers::Contains("no gradient"));
}

TEST_CASE("decomposition: one_hot and reduce_mean") {
    check_decomposition("one_hot", {indices({1, 4, -1, 0, 3, 2}, {2, 3})},
                        {{"depth", 4}, {"dtype", "f64"}});
    check_decomposition("one_hot", {indices({1, 0}, {2}).cast(DType::I32)},
                        {{"depth", 3}, {"dtype", "bool"}});
    check_decomposition("reduce_mean", {random({3, 4, 2})},
                        {{"axes", Dims{0, 2}}, {"keep_dims", true}});
    check_decomposition("reduce_mean", {random({3, 4, 2})}, {{"axes", Dims{1}}});
}
