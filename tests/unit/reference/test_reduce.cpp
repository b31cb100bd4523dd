#include "kernel.hpp"

#include <cmath>

using namespace lamina;
using namespace lamina::test;

namespace {
const Tensor x23 = tensor({2, 3}, {1, 2, 3, 4, 5, 7});
}

TEST_CASE("reduce: each axis alone, both, and none") {
    CHECK(floats("reduce_sum", {x23}, {{"axes", Ints{0}}}) == Floats{5, 7, 10});
    CHECK(floats("reduce_sum", {x23}, {{"axes", Ints{-1}}}) == Floats{6, 16});
    CHECK(floats("reduce_sum", {x23}, {{"axes", Ints{0, 1}}}) == Floats{22});
    CHECK(floats("reduce_sum", {x23}, {{"axes", Ints{}}}) == values(x23));
    CHECK(run("reduce_sum", {x23}, {{"axes", Ints{1}}, {"keep_dims", true}})[0].shape() ==
          Shape{2, 1});
    CHECK(floats("reduce_mean", {x23}, {{"axes", Ints{1}}}) == Floats{2, 16.0f / 3});
    CHECK(floats("reduce_max", {x23}, {{"axes", Ints{1}}}) == Floats{3, 7});
    CHECK(floats("reduce_min", {x23}, {{"axes", Ints{0}}}) == Floats{1, 2, 3});
    CHECK(floats("reduce_prod", {x23}, {{"axes", Ints{1}}}) == Floats{6, 140});
}

TEST_CASE("reduce: sums lose nothing in double precision") {
    Floats many(100000, 0.1f);
    CHECK(floats("reduce_sum", {tensor({100000}, many)}, {{"axes", Ints{0}}}) ==
          Floats{static_cast<float>(100000 * static_cast<double>(0.1f))});
}

TEST_CASE("reduce: a NaN makes the extremes NaN") {
    const Tensor x = tensor({3}, {1, NaN, 3});
    CHECK(std::isnan(floats("reduce_max", {x}, {{"axes", Ints{0}}})[0]));
    CHECK(std::isnan(floats("reduce_min", {x}, {{"axes", Ints{0}}})[0]));
}

TEST_CASE("reduce: nothing to reduce gives the neutral element") {
    const Tensor none = tensor({2, 0}, {});
    CHECK(floats("reduce_sum", {none}, {{"axes", Ints{1}}}) == Floats{0, 0});
    CHECK(floats("reduce_prod", {none}, {{"axes", Ints{1}}}) == Floats{1, 1});
    CHECK(floats("reduce_max", {none}, {{"axes", Ints{1}}}) == Floats{-Inf, -Inf});
}

TEST_CASE("reduce: integers are summed in 64 bits") {
    const int64_t large = int64_t{1} << 60;
    CHECK(values<int64_t>(run("reduce_sum", {integers({3}, {large, 1, 2})},
                              {{"axes", Ints{0}}})[0]) == Ints{large + 3});
}

TEST_CASE("argmax: the first maximum, and the first NaN above all") {
    const Tensor x = tensor({2, 3}, {1, 3, 3, 5, NaN, NaN});
    CHECK(values<int64_t>(run("argmax", {x}, {{"axis", 1}})[0]) == Ints{1, 1});
    CHECK(values<int64_t>(run("argmax", {x}, {{"axis", 0}})[0]) == Ints{1, 1, 1});
}

TEST_CASE("top_k: descending, the lower index first among equals") {
    const auto results = run("top_k", {tensor({2, 4}, {1, 4, 4, 2, 9, 8, 7, 6})}, {{"k", 3}});
    CHECK(values(results[0]) == Floats{4, 4, 2, 9, 8, 7});
    CHECK(values<int64_t>(results[1]) == Ints{1, 2, 3, 0, 1, 2});
}

TEST_CASE("softmax: large logits neither overflow nor vanish") {
    const Tensor x = tensor({2, 2}, {1000, 1000, 0, std::log(3.0f)});
    const Floats y = floats("softmax", {x}, {{"axis", -1}});
    CHECK(y[0] == 0.5f);
    CHECK(y[2] == Approx(0.25f));
    CHECK(y[3] == Approx(0.75f));
    CHECK(floats("softmax", {x}, {{"axis", 0}})[0] == 1.0f);
    CHECK(floats("log_softmax", {x}, {{"axis", 1}})[0] == Approx(-std::log(2.0f)));
    CHECK(floats("log_softmax", {tensor({2}, {0, 1000})}, {{"axis", 0}})[0] == -1000.0f);
}

TEST_CASE("softmax_cross_entropy: minus the log-probability of the class") {
    const Tensor logits = tensor({2, 2}, {0, std::log(3.0f), 0, 1000});
    const Tensor labels = tensor({2, 2}, {0, 1, 1, 0});
    const Floats loss = floats("softmax_cross_entropy", {logits, labels});
    CHECK(loss[0] == Approx(-std::log(0.75f)));
    CHECK(loss[1] == 1000.0f);
}

TEST_CASE("batch_norm_training: normalises by the batch's biased variance") {
    const Tensor x = tensor({2, 2}, {1, 10, 3, 30}); // two channels
    const auto results = run("batch_norm_training", {x, tensor({2}, {1, 2}), tensor({2}, {0, 5})},
                             {{"epsilon", 0.0}});
    CHECK(values(results[0]) == Floats{-1, 3, 1, 7});
    CHECK(values(results[1]) == Floats{2, 20});
    CHECK(values(results[2]) == Floats{1, 100});
    CHECK(floats("batch_norm_inference",
                 {x, tensor({2}, {1, 2}), tensor({2}, {0, 5}), results[1], results[2]},
                 {{"epsilon", 0.0}}) == Floats{-1, 3, 1, 7});
}

TEST_CASE("batch_norm_grad: dx is free of the mean and of the direction of xhat") {
    const Tensor x = tensor({1, 2, 2}, {1, 3, 5, 7}); // channels first
    const auto results = run("batch_norm_grad",
                             {x, tensor({2}, {1, 1}), tensor({2}, {2, 6}), tensor({2}, {1, 1}),
                              tensor({1, 2, 2}, {1, 2, 0, 4})},
                             {{"epsilon", 0.0}, {"axis", 1}});
    CHECK(values(results[0]) == Floats{0, 0, 0, 0}); // two elements leave no other direction
    CHECK(values(results[1]) == Floats{1, 4});
    CHECK(values(results[2]) == Floats{3, 4});
}
