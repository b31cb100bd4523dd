#include "build.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Matchers::Contains;

TEST_CASE("reshape: keeps the number of elements, with one dimension left open") {
    Build b;
    const Value x = b.input({2, 3, 4}, LM_I32);
    CHECK(reshape(x, {6, -1}).type() == plugin::TensorType{LM_I32, {6, 4}});
    CHECK(reshape(b.input({1}), {}).shape().empty());
    CHECK(reshape(b.input({0, 3}), {3, 0}).shape() == Dims{3, 0});
    CHECK_THAT(refusal(b, "reshape", {x}, {{"shape", Dims{5, 5}}}),
               Contains("[2, 3, 4] has 24 elements") && Contains("[5, 5]"));
    CHECK_THAT(refusal(b, "reshape", {x}, {{"shape", Dims{7, -1}}}), Contains("do not fill"));
    CHECK_THAT(refusal(b, "reshape", {x}, {{"shape", Dims{-1, -1}}}), Contains("at most one -1"));
    CHECK_THAT(refusal(b, "reshape", {x}, {{"shape", Dims{-24}}}), Contains("-24"));
    CHECK_THAT(refusal(b, "reshape", {b.input({0})}, {{"shape", Dims{0, -1}}}),
               Contains("do not fill"));
}

TEST_CASE("broadcast_to and transpose: shapes follow their attributes") {
    Build b;
    CHECK(broadcast_to(b.input({3, 1}), {2, 3, 4}).shape() == Dims{2, 3, 4});
    CHECK_THAT(refusal(b, "broadcast_to", {b.input({3})}, {{"shape", Dims{2}}}),
               Contains("[3] does not stretch to [2]"));
    CHECK_THAT(refusal(b, "broadcast_to", {b.input({2, 3})}, {{"shape", Dims{3}}}),
               Contains("does not stretch"));
    CHECK(transpose(b.input({2, 3, 4}), {2, 0, 1}).shape() == Dims{4, 2, 3});
    for (const Dims& perm : {Dims{0, 1}, Dims{0, 1, 1}, Dims{0, 1, 3}, Dims{0, -1, 1}})
        CHECK_THAT(refusal(b, "transpose", {b.input({2, 3, 4})}, {{"perm", perm}}),
                   Contains("once"));
}

TEST_CASE("pad and slice: add to and cut from each dimension") {
    Build b;
    const Value x = b.input({5, 6});
    CHECK(pad(x, {1, 0}, {2, 3}).shape() == Dims{8, 9});
    CHECK_THAT(refusal(b, "pad", {x}, {{"low", Dims{1}}, {"high", Dims{0, 0}}}),
               Contains("[5, 6]"));
    CHECK_THAT(refusal(b, "pad", {x}, {{"low", Dims{-1, 0}}, {"high", Dims{0, 0}}}),
               Contains("negative"));
    CHECK(slice(x, {1, 0}, {4, 6}, {}).shape() == Dims{4, 6});
    CHECK(slice(x, {4, 1}, {5, 3}, {-1, 2}).shape() == Dims{5, 3});
    const auto cut = [&](Dims begin, Dims size, Dims strides) {
        return refusal(b, "slice", {x}, {{"begin", begin}, {"size", size}, {"strides", strides}});
    };
    CHECK_THAT(cut({2, 0}, {4, 6}, {}), Contains("reach outside [5, 6]"));
    CHECK_THAT(cut({3, 0}, {5, 6}, {-1, 1}), Contains("reach outside"));
    CHECK_THAT(cut({-1, 0}, {1, 1}, {}), Contains("reach outside"));
    CHECK_THAT(cut({0, 0}, {1, 1}, {0, 1}), Contains("other than 0"));
    CHECK_THAT(cut({0}, {1}, {}), Contains("one entry for each"));
    CHECK(cut({5, 0}, {0, 6}, {}).empty());
}

TEST_CASE("concat: adds up the axis and refuses all other differences") {
    Build b;
    const Values parts{b.input({2, 3, 4}), b.input({2, 5, 4}), b.input({2, 1, 4})};
    CHECK(plugin::concat(parts, -2).shape() == Dims{2, 9, 4});
    CHECK_THAT(refusal(b, "concat", {parts[0], b.input({2, 3, 5})}, {{"axis", 1}}),
               Contains("[2, 3, 4], [2, 3, 5] must be equal but for axis 1"));
    CHECK_THAT(refusal(b, "concat", {parts[0], b.input({2, 3})}, {{"axis", 1}}),
               Contains("must be equal"));
    CHECK_THAT(refusal(b, "concat", {parts[0], b.input({2, 3, 4}, LM_I32)}, {{"axis", 1}}),
               Contains("i32"));
    CHECK_THAT(refusal(b, "concat", parts, {{"axis", 3}}), Contains("axis 3"));
}

TEST_CASE("gather and scatter_add: the indices' dimensions stand where the axis stood") {
    Build b;
    const Value i = b.input({7, 8}, LM_I32);
    CHECK(gather(b.input({2, 5, 3}), i, 1).shape() == Dims{2, 7, 8, 3});
    CHECK(gather(b.input({2, 5, 3}), i, -1).shape() == Dims{2, 5, 7, 8});
    CHECK(gather(b.input({5}), b.input({}, LM_I64), 0).shape().empty());
    CHECK_THAT(refusal(b, "gather", {b.input({5}), b.input({2})}, {{"axis", 0}}),
               Contains("expected i32 or i64, got f32"));
    const auto scatter = [&](const Dims& updates, int64_t axis) {
        return b.node("scatter_add", {i, b.input(updates)}, {{"axis", axis}, {"size", 5}}).shape();
    };
    CHECK(scatter({2, 7, 8, 3}, 1) == Dims{2, 5, 3});
    CHECK(scatter({2, 5, 7, 8}, -1) == Dims{2, 5, 5});
    CHECK_THAT(refusal(b, "scatter_add", {i, b.input({2, 7, 9, 3})}, {{"axis", 1}, {"size", 5}}),
               Contains("[2, 7, 9, 3] do not hold the indices' dimensions [7, 8]"));
    CHECK_THAT(refusal(b, "scatter_add", {i, b.input({7})}, {{"axis", 0}, {"size", 5}}),
               Contains("do not hold"));
}

TEST_CASE("one_hot and top_k: indices become a dimension, a dimension becomes indices") {
    Build b;
    CHECK(one_hot(b.input({3}, LM_I64), 10).type() == f32({3, 10}));
    CHECK(one_hot(b.input({}, LM_I32), 2, LM_BOOL).type() == plugin::TensorType{LM_BOOL, {2}});
    CHECK_THAT(refusal(b, "one_hot", {b.input({3}, LM_I64)}, {{"depth", 0}}), Contains("depth 0"));
    CHECK_THAT(refusal(b, "one_hot", {b.input({3})}, {{"depth", 2}}), Contains("got f32"));
    const Values top = b.nodes("top_k", {b.input({4, 9})}, {{"k", 5}});
    CHECK(top.at(0).type() == f32({4, 5}));
    CHECK(top.at(1).type() == plugin::TensorType{LM_I64, {4, 5}});
    CHECK_THAT(refusal(b, "top_k", {b.input({4, 9})}, {{"k", 10}}), Contains("[4, 9]"));
}

TEST_CASE("random: takes the state and gives the shape asked for") {
    Build b;
    const Value state = b.input({3}, LM_I64);
    CHECK(b.node("random_uniform", {state}, {{"shape", Dims{2, 3}}}).type() == f32({2, 3}));
    CHECK_THAT(refusal(b, "random_uniform", {state}, {{"shape", Dims{}}, {"batched", true}}),
               Contains("batched"));
    CHECK_THAT(
        refusal(b, "random_uniform", {state}, {{"shape", Dims{1}}, {"low", 2.0}, {"high", 1.0}}),
        Contains("above"));
    CHECK_THAT(refusal(b, "random_normal", {state}, {{"shape", Dims{1}}, {"stddev", -1.0}}),
               Contains("stddev"));
    CHECK_THAT(refusal(b, "random_bernoulli", {state}, {{"shape", Dims{1}}, {"probability", 1.5}}),
               Contains("between 0 and 1"));
    CHECK_THAT(refusal(b, "random_normal", {b.input({2}, LM_I64)}, {{"shape", Dims{1}}}),
               Contains("expected [3]"));
    CHECK_THAT(refusal(b, "random_normal", {state}, {{"shape", Dims{-1}}}), Contains("negative"));
}
