#include "run.hpp"

using namespace lamina;
using namespace lamina::test;

TEST_CASE("gradient: matmul in all transpositions, alone, batched, and with a shared matrix") {
    for (const bool ta : {false, true})
        for (const bool tb : {false, true}) {
            const Dims a = ta ? Dims{4, 3} : Dims{3, 4}, b = tb ? Dims{5, 4} : Dims{4, 5};
            const auto batch = [](Dims dims) { return dims.insert(dims.begin(), 2), dims; };
            const Attrs attrs{{"transpose_a", ta}, {"transpose_b", tb}};
            check_gradient("matmul", {random(a), random(b, -2, 2, 2)}, attrs);
            check_gradient("matmul", {random(batch(a)), random(batch(b), -2, 2, 2)}, attrs);
            check_gradient("matmul", {random(batch(a)), random(b, -2, 2, 2)}, attrs);
        }
}

namespace {

struct ConvCase {
    Dims x, filter;
    Attrs attrs;
};

const std::vector<ConvCase>& conv_cases() {
    static const std::vector<ConvCase> cases = {
        {{2, 5, 4, 3}, {3, 2, 3, 2}, {}},
        {{1, 6, 5, 2},
         {3, 3, 2, 2},
         {{"strides", Dims{2, 3}}, {"padding_low", Dims{1, 0}}, {"padding_high", Dims{2, 1}}}},
        {{1, 7, 6, 4},
         {2, 3, 2, 4},
         {{"dilations", Dims{3, 2}}, {"groups", 2}, {"padding_low", Dims{1, 1}}}},
        {{2, 3, 5, 4}, {2, 3, 1, 6}, {{"groups", 3}, {"data_format", "channels_first"}}},
        {{2, 7, 2}, {3, 2, 3}, {{"strides", Dims{2}}, {"padding_high", Dims{1}}}},
        {{1, 3, 4, 3, 1}, {2, 2, 2, 1, 2}, {{"strides", Dims{1, 2, 1}}}},
    };
    return cases;
}

Attrs with(const Attrs& attrs, const char* name, const Dims& value) {
    Attrs more = attrs;
    more.emplace_back(name, value);
    return more;
}

Dims shape_of(const Tensor& t) { return {t.shape().begin(), t.shape().end()}; }

} // namespace

TEST_CASE("gradient: conv, in one to three dimensions") {
    for (const ConvCase& c : conv_cases())
        check_gradient("conv", {random(c.x), random(c.filter, -2, 2, 2)}, c.attrs);
}

TEST_CASE("gradient: conv_backward_data and conv_backward_filter, used forward") {
    for (const ConvCase& c : conv_cases()) {
        const Tensor x = random(c.x), filter = random(c.filter, -2, 2, 2);
        const Tensor dy = random(shape_of(run("conv", {x, filter}, c.attrs)[0]), -2, 2, 3);
        check_gradient("conv_backward_data", {dy, filter}, with(c.attrs, "input_shape", c.x));
        check_gradient("conv_backward_filter", {x, dy}, with(c.attrs, "filter_shape", c.filter));
    }
}

TEST_CASE("gradient: pools, with overlapping, uneven and partly empty windows") {
    const std::vector<Attrs> cases = {
        {{"window", Dims{2, 2}}, {"strides", Dims{2, 2}}},
        {{"window", Dims{3, 2}},
         {"strides", Dims{2, 1}},
         {"padding_low", Dims{1, 0}},
         {"padding_high", Dims{2, 1}}},
        {{"window", Dims{2, 3}}, {"strides", Dims{3, 2}}, {"data_format", "channels_first"}},
    };
    for (const Attrs& attrs : cases) {
        const Tensor x = random({2, 5, 4, 3});
        check_gradient("max_pool", {x}, attrs);
        check_gradient("avg_pool", {x}, attrs);
        const Tensor dy = random(shape_of(run("avg_pool", {x}, attrs)[0]));
        check_gradient("avg_pool_grad", {dy}, with(attrs, "input_shape", {2, 5, 4, 3}));
    }
    check_gradient("max_pool", {random({1, 7, 2})}, {{"window", Dims{3}}});
    check_gradient("avg_pool", {random({1, 3, 4, 3, 1})}, {{"window", Dims{2, 2, 3}}});
}

TEST_CASE("gradient: softmax along any axis, and the losses made of it") {
    for (const int axis : {0, 1, -1}) {
        check_gradient("softmax", {random({3, 4, 2})}, {{"axis", axis}});
        check_gradient("log_softmax", {random({3, 4, 2})}, {{"axis", axis}});
    }
    // Labels that sum to no particular value: the rule may not take them for probabilities.
    check_gradient("softmax_cross_entropy", {random({3, 5}), random({3, 5}, 0, 1, 2)});
    check_gradient("softmax_cross_entropy", {random({2, 2, 4}), random({2, 2, 4}, 0, 1, 2)});
}

TEST_CASE("gradient: the cross-entropy of logits far apart stays finite") {
    const auto g =
        gradients("softmax_cross_entropy", {f64({1000, 0, -1000}, {1, 3}), f64({0, 1, 0}, {1, 3})});
    CHECK(doubles(g[0]) == std::vector<double>{1, -1, 0});
}

TEST_CASE("gradient: batch normalisation, by the batch's statistics or by given ones") {
    for (const int axis : {-1, 1}) {
        const Attrs attrs{{"epsilon", 0.01}, {"axis", axis}};
        const Tensor x = random({3, 2, 2, 2});
        const Tensor gamma = random({2}, 0.5, 2, 2), beta = random({2}, -1, 1, 3);
        check_gradient("batch_norm_training", {x, gamma, beta}, attrs);
        check_gradient("batch_norm_inference",
                       {x, gamma, beta, random({2}, -1, 1, 4), random({2}, 0.5, 2, 5)}, attrs);
    }
    check_gradient("batch_norm_training", {random({5, 3}), random({3}), random({3})});
}

TEST_CASE("gradient: resizing up, down and by uneven factors") {
    for (const char* method : {"nearest", "bilinear"}) {
        for (const Dims& size : {Dims{5, 8}, Dims{2, 3}, Dims{7, 1}}) {
            check_gradient("resize", {random({2, 3, 4, 2})}, {{"size", size}, {"method", method}});
            check_gradient("resize_grad", {random({1, size[0], size[1], 2})},
                           {{"input_shape", Dims{1, 3, 4, 2}}, {"method", method}});
        }
        check_gradient("resize", {random({1, 2, 5})},
                       {{"size", Dims{8}}, {"method", method}, {"data_format", "channels_first"}});
        check_gradient("resize", {random({1, 2, 3, 2, 1})},
                       {{"size", Dims{3, 2, 4}}, {"method", method}});
    }
}

TEST_CASE("decomposition: softmaxes, batch normalisation and epilogues") {
    check_decomposition("softmax", {random({3, 4, 2}, -30, 30)}, {{"axis", 1}});
    check_decomposition("log_softmax", {random({3, 4, 2}, -30, 30)}, {{"axis", 0}});
    check_decomposition("softmax_cross_entropy", {random({3, 5}), random({3, 5}, 0, 1, 2)});
    const Attrs attrs{{"axis", 1}, {"epsilon", 0.01}};
    const Tensor x = random({3, 2, 4}), v = random({2}, 0.5, 2), w = random({2}, -1, 1, 3);
    check_decomposition("batch_norm_training", {x, v, w}, attrs);
    check_decomposition("batch_norm_inference", {x, v, w, w, v}, attrs);
    check_decomposition("batch_norm_grad", {x, v, w, v, random({3, 2, 4}, -2, 2, 7)}, attrs);
    check_decomposition("matmul", {random({3, 4}), random({5, 4}), random({5})},
                        {{"transpose_b", true}, {"epilogue", "add i0 i1;relu t0"}});
    check_decomposition("conv", {random({1, 4, 4, 2}), random({3, 3, 2, 3}), random({3})},
                        {{"padding_low", Dims{1, 1}}, {"epilogue", "add i0 i1;tanh t0"}});
    check_decomposition("conv_backward_data",
                        {random({1, 2, 2, 3}), random({3, 3, 2, 3}), random({2})},
                        {{"input_shape", Dims{1, 4, 4, 2}}, {"epilogue", "add i0 i1"}});
}
