#include "build.hpp"
#include "lamina/plugin/node.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Matchers::Contains;

namespace {

lm_cost cost(Build& b, Value v) {
    const Graph& graph = b.target;
    return cost_of(graph, graph.producer(v.id()));
}

} // namespace

TEST_CASE("matmul: [..., M, K] times [..., K, N] or [K, N], each transposed or not") {
    Build b;
    CHECK(matmul(b.input({2, 3}), b.input({3, 5})).shape() == Dims{2, 5});
    CHECK(matmul(b.input({3, 2}), b.input({5, 3}), true, true).shape() == Dims{2, 5});
    CHECK(matmul(b.input({7, 2, 3}), b.input({7, 3, 5})).shape() == Dims{7, 2, 5});
    CHECK(matmul(b.input({7, 2, 3}), b.input({3, 5})).shape() == Dims{7, 2, 5});
    CHECK_THAT(refusal(b, "matmul", {b.input({2, 3}), b.input({4, 5})}),
               Contains("[2, 3] has 3 columns, [4, 5] has 4 rows"));
    CHECK_THAT(refusal(b, "matmul", {b.input({7, 2, 3}), b.input({6, 3, 5})}),
               Contains("leading dimensions"));
    CHECK_THAT(refusal(b, "matmul", {b.input({2, 3}), b.input({7, 3, 5})}),
               Contains("leading dimensions"));
    CHECK_THAT(refusal(b, "matmul", {b.input({3}), b.input({3, 5})}), Contains("rank 2"));
    CHECK_THAT(refusal(b, "matmul", {b.input({2, 3}), b.input({3, 5}, LM_F64)}), Contains("f64"));
    CHECK(cost(b, matmul(b.input({2, 3}), b.input({3, 5}))).flops == 2 * 2 * 3 * 5);
}

TEST_CASE("epilogue: further inputs broadcast to the product and the last instruction is y") {
    Build b;
    const Values inputs{b.input({2, 3}), b.input({3, 5}), b.input({5})};
    CHECK(b.node("matmul", inputs, {{"epilogue", "add i0 i1;relu t0"}}).type() == f32({2, 5}));
    CHECK(b.node("matmul", inputs, {{"epilogue", "greater i0 i1"}}).dtype() == LM_BOOL);
    CHECK_THAT(refusal(b, "matmul", inputs), Contains("expected 2 inputs, got 3"));
    CHECK_THAT(refusal(b, "matmul", {inputs[0], inputs[1], b.input({2, 2, 5})},
                       {{"epilogue", "add i0 i1"}}),
               Contains("[2, 2, 5], does not broadcast to the result [2, 5]"));
    CHECK_THAT(refusal(b, "matmul", {inputs[0], inputs[1]}, {{"epilogue", "add i0 i1"}}),
               Contains("reads input 1 of 1"));
}

TEST_CASE("conv: one to three spatial dimensions, groups, dilation, both data formats") {
    Build b;
    CHECK(b.node("conv", {b.input({2, 28, 28, 1}), b.input({5, 5, 1, 20})}).shape() ==
          Dims{2, 24, 24, 20});
    CHECK(b.node("conv", {b.input({2, 3, 11, 9}), b.input({3, 2, 3, 4})},
                 {{"data_format", "channels_first"},
                  {"strides", Dims{2, 1}},
                  {"padding_low", Dims{0, 1}},
                  {"padding_high", Dims{1, 2}},
                  {"dilations", Dims{2, 3}}})
              .shape() == Dims{2, 4, 4, 9});
    CHECK(b.node("conv", {b.input({2, 9, 6}), b.input({3, 2, 9})}, {{"groups", 3}}).shape() ==
          Dims{2, 7, 9});
    CHECK(b.node("conv", {b.input({1, 4, 5, 6, 2}), b.input({2, 3, 4, 2, 7})}).shape() ==
          Dims{1, 3, 3, 3, 7});
}

TEST_CASE("conv: refuses what does not fit, with the shapes") {
    Build b;
    const Value x = b.input({2, 8, 8, 6});
    const auto conv = [&](const Dims& filter, const Attrs& attrs = {}) {
        return refusal(b, "conv", {x, b.input(filter)}, attrs);
    };
    CHECK_THAT(conv({3, 3, 5, 4}),
               Contains("the filter [3, 3, 5, 4] takes 5 channels, x [2, 8, 8, 6] has 6"));
    CHECK_THAT(conv({3, 6, 4}), Contains("a filter of rank 4, got [3, 6, 4]"));
    CHECK_THAT(conv({3, 3, 2, 4}, {{"groups", 3}}), Contains("3 groups must divide"));
    CHECK_THAT(conv({3, 3, 2, 4}, {{"groups", 4}}), Contains("4 groups must divide"));
    CHECK_THAT(conv({3, 3, 6, 4}, {{"groups", 0}}), Contains("groups"));
    CHECK_THAT(conv({9, 3, 6, 4}), Contains("a window of 9 does not fit into 8"));
    CHECK_THAT(conv({3, 3, 6, 4}, {{"dilations", Dims{4, 1}}}), Contains("window of 9 (dilated)"));
    CHECK_THAT(conv({3, 3, 6, 4}, {{"strides", Dims{0, 1}}}), Contains("at least 1"));
    CHECK_THAT(conv({3, 3, 6, 4}, {{"strides", Dims{2}}}), Contains("one entry for each"));
    CHECK_THAT(conv({3, 3, 6, 4}, {{"padding_low", Dims{-1, 0}}}), Contains("at least 0"));
    CHECK_THAT(conv({3, 3, 6, 4}, {{"data_format", "NHWC"}}), Contains("NHWC"));
    CHECK_THAT(conv({0, 3, 6, 4}), Contains("at least 1"));
    CHECK_THAT(refusal(b, "conv", {b.input({2, 6}), b.input({6, 4})}), Contains("1 to 3 spatial"));
    CHECK_THAT(refusal(b, "conv", {b.input({2, 8, 8, 6}, LM_I32), b.input({3, 3, 6, 4})}),
               Contains("i32"));
}

TEST_CASE("conv: the backward operators give back the shapes of x and of the filter") {
    Build b;
    const Dims x{2, 9, 8, 6}, filter{3, 2, 3, 4};
    const Attrs attrs{{"strides", Dims{2, 3}}, {"groups", 2}, {"padding_low", Dims{1, 0}}};
    const Value y = b.node("conv", {b.input(x), b.input(filter)}, attrs);
    CHECK(y.shape() == Dims{2, 4, 3, 4});
    Attrs data = attrs, weights = attrs;
    data.emplace_back("input_shape", x);
    weights.emplace_back("filter_shape", filter);
    const Value dx = b.node("conv_backward_data", {y, b.input(filter)}, data);
    const Value df = b.node("conv_backward_filter", {b.input(x), y}, weights);
    CHECK(dx.shape() == x);
    CHECK(df.shape() == filter);
    CHECK(cost(b, dx).flops == cost(b, y).flops);
    CHECK(cost(b, df).flops == cost(b, y).flops);
    const Value wrong = b.input({2, 4, 4, 4});
    CHECK_THAT(refusal(b, "conv_backward_data", {wrong, b.input(filter)}, data),
               Contains("dy is [2, 4, 4, 4]") && Contains("give [2, 4, 3, 4]"));
    CHECK_THAT(refusal(b, "conv_backward_filter", {b.input(x), wrong}, weights),
               Contains("dy is [2, 4, 4, 4]"));
}

TEST_CASE("pools: windows slide over each channel alone") {
    Build b;
    const Attrs attrs{
        {"window", Dims{3, 2}}, {"strides", Dims{2, 2}}, {"padding_high", Dims{1, 0}}};
    const Value x = b.input({2, 7, 6, 5});
    for (const char* op : {"max_pool", "avg_pool"}) {
        CHECK(b.node(op, {x}, attrs).shape() == Dims{2, 3, 3, 5});
        CHECK_THAT(refusal(b, op, {x}, {{"window", Dims{8, 1}}}), Contains("window of 8"));
        CHECK_THAT(refusal(b, op, {x}, {{"window", Dims{2, 2}}, {"padding_low", Dims{2, 0}}}),
                   Contains("smaller than the window"));
        CHECK_THAT(refusal(b, op, {x}, {{"window", Dims{}}}), Contains("window"));
        CHECK_THAT(refusal(b, op, {x}, {{"window", Dims{0, 1}}}), Contains("at least 1"));
    }
    const Value y = b.node("max_pool", {x}, attrs);
    CHECK(b.node("max_pool_grad", {x, y, y}, attrs).shape() == x.shape());
    CHECK_THAT(refusal(b, "max_pool_grad", {x, y, x}, attrs), Contains("dy (input 2)"));
    Attrs grad = attrs;
    grad.emplace_back("input_shape", x.shape());
    CHECK(b.node("avg_pool_grad", {y}, grad).shape() == x.shape());
    CHECK_THAT(refusal(b, "avg_pool_grad", {x}, grad), Contains("expected [2, 3, 3, 5]"));
}

TEST_CASE("reductions: axes count from either end and go, or stay with extent 1") {
    Build b;
    const Value x = b.input({2, 3, 4});
    for (const char* op :
         {"reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod"}) {
        CHECK(plugin::reduce(op, x, {-1, 0}, false).shape() == Dims{3});
        CHECK(plugin::reduce(op, x, {2, 0}, true).shape() == Dims{1, 3, 1});
        CHECK(plugin::reduce(op, x, {}, false).shape() == Dims{2, 3, 4});
        CHECK_THAT(refusal(b, op, {x}, {{"axes", Dims{1, -2}}}), Contains("twice"));
        CHECK_THAT(refusal(b, op, {x}, {{"axes", Dims{3}}}),
                   Contains("axis 3") && Contains("rank 3"));
        CHECK_THAT(refusal(b, op, {b.input({2}, LM_BOOL)}, {{"axes", Dims{0}}}), Contains("bool"));
    }
    CHECK(argmax(x, 1).type() == plugin::TensorType{LM_I64, {2, 4}});
    CHECK_THAT(refusal(b, "argmax", {b.input({2, 0})}, {{"axis", 1}}), Contains("empty"));
}

TEST_CASE("softmax and its loss: shapes of logits and labels") {
    Build b;
    CHECK(softmax(b.input({4, 10})).shape() == Dims{4, 10});
    CHECK_THAT(refusal(b, "softmax", {b.input({4})}, {{"axis", 1}}), Contains("axis 1"));
    const Value logits = b.input({4, 10});
    CHECK(b.node("softmax_cross_entropy", {logits, b.input({4, 10})}).shape() == Dims{4});
    CHECK_THAT(refusal(b, "softmax_cross_entropy", {logits, b.input({4})}),
               Contains("labels") && Contains("expected [4, 10]"));
}

TEST_CASE("batch_norm: statistics are vectors of the channels") {
    Build b;
    const Value x = b.input({2, 5, 5, 3}), v = b.input({3}), w = b.input({5});
    const Values y = b.nodes("batch_norm_training", {x, v, v});
    REQUIRE(y.size() == 3);
    CHECK(y[0].shape() == x.shape());
    CHECK(y[1].shape() == Dims{3});
    CHECK(b.nodes("batch_norm_grad", {x, v, v, v, x}).at(2).shape() == Dims{3});
    CHECK(b.node("batch_norm_inference", {x, w, w, w, w}, {{"axis", 1}}).shape() == x.shape());
    CHECK_THAT(refusal(b, "batch_norm_training", {x, v, w}), Contains("expected [3]"));
    CHECK_THAT(refusal(b, "batch_norm_grad", {x, v, v, v, v}), Contains("dy (input 4)"));
    CHECK_THAT(refusal(b, "batch_norm_inference", {x, v, v, v}), Contains("expected 5 inputs"));
}

TEST_CASE("resize: one size for each spatial dimension") {
    Build b;
    const Value x = b.input({2, 3, 8, 6});
    CHECK(b.node("resize", {x}, {{"size", Dims{5, 7}}}).shape() == Dims{2, 5, 7, 6});
    const Attrs first{{"data_format", "channels_first"}};
    CHECK(b.node("resize", {x}, {{"size", Dims{5, 7}}, first[0]}).shape() == Dims{2, 3, 5, 7});
    CHECK_THAT(refusal(b, "resize", {x}, {{"size", Dims{5}}}), Contains("[5]"));
    CHECK_THAT(refusal(b, "resize", {x}, {{"size", Dims{5, 0}}}), Contains("from 1"));
    CHECK_THAT(refusal(b, "resize", {x}, {{"size", Dims{5, 5}}, {"method", "cubic"}}),
               Contains("cubic"));
    CHECK(b.node("resize_grad", {x}, {{"input_shape", Dims{2, 9, 9, 6}}}).shape() ==
          Dims{2, 9, 9, 6});
    CHECK_THAT(refusal(b, "resize_grad", {x}, {{"input_shape", Dims{2, 9, 9, 5}}}),
               Contains("agree"));
}
