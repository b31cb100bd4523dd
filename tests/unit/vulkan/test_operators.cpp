// Every kernel against the double-precision reference backend, on odd sizes.

#include <catch2/catch.hpp>

#include "operators.hpp"

using namespace lamina::test;
using lamina::plugin::Dims;
using lamina::plugin::TensorType;

namespace {

Tensor indices(Dims dims, int64_t below) {
    Tensor t(LM_I64, std::move(dims));
    std::vector<int64_t> values(static_cast<size_t>(t.type.elements()));
    for (size_t i = 0; i < values.size(); ++i)
        values[i] = static_cast<int64_t>((i * 7 + 3) % static_cast<size_t>(below + 1)) -
                    (i % 5 == 4 ? below + 1 : 0); // one in five lies outside
    std::memcpy(t.bytes.data(), values.data(), t.bytes.size());
    return t;
}

NodeSpec matmul(Dims a, Dims b, Dims y, bool ta, bool tb, Fill fill = Fill::integers) {
    return {"matmul",
            {{"transpose_a", ta}, {"transpose_b", tb}, {"epilogue", std::string()}},
            {random_tensor(std::move(a), 1, fill), random_tensor(std::move(b), 2, fill)},
            {{LM_F32, std::move(y)}}};
}

} // namespace

TEST_CASE("matmul: integers are exact for every transpose, batch and odd size") {
    expect_same(matmul({5, 7}, {7, 3}, {5, 3}, false, false), 0);
    expect_same(matmul({7, 65}, {7, 33}, {65, 33}, true, false), 0);
    expect_same(matmul({33, 129}, {70, 129}, {33, 70}, false, true), 0);
    expect_same(matmul({1, 300}, {300, 1}, {1, 1}, false, false), 0);
    expect_same(matmul({129, 31}, {17, 129}, {31, 17}, true, true), 0);
    expect_same(matmul({3, 5, 7}, {3, 7, 9}, {3, 5, 9}, false, false), 0);
    expect_same(matmul({3, 5, 7}, {7, 9}, {3, 5, 9}, false, false), 0);
    expect_same(matmul({3, 7, 5}, {7, 9}, {3, 5, 9}, true, false), 0);
}

TEST_CASE("matmul: aligned fours, several tiles and parts of a long sum are exact on integers") {
    for (const bool ta : {false, true})
        for (const bool tb : {false, true}) {
            const auto stored = [](bool transposed, int64_t rows, int64_t columns) {
                return transposed ? Dims{columns, rows} : Dims{rows, columns};
            };
            expect_same(matmul(stored(ta, 140, 36), stored(tb, 36, 260), {140, 260}, ta, tb), 0);
            expect_same(matmul(stored(ta, 8, 3000), stored(tb, 3000, 12), {8, 12}, ta, tb), 0);
            expect_same(matmul(stored(ta, 3, 3001), stored(tb, 3001, 5), {3, 5}, ta, tb), 0);
        }
}

TEST_CASE("matmul: bias and activation ride on the product, another epilogue follows it") {
    const Tensor a = random_tensor({37, 50}, 1), b = random_tensor({50, 21}, 2),
                 bias = random_tensor({21}, 3);
    for (const char* program :
         {"add i0 i1", "add i0 i1;relu t0", "add i1 i0;tanh t0", "add i0 i1;sigmoid t0"})
        expect_same(
            {"matmul",
             {{"transpose_a", false}, {"transpose_b", false}, {"epilogue", std::string(program)}},
             {a, b, bias},
             {{LM_F32, {37, 21}}}},
            2e-6);
    const Tensor residual = random_tensor({37, 21}, 4);
    expect_same({"matmul",
                 {{"transpose_a", false},
                  {"transpose_b", false},
                  {"epilogue", std::string("add i0 i1;add t0 i2;relu t1")}},
                 {a, b, bias, residual},
                 {{LM_F32, {37, 21}}}},
                2e-6);
}

TEST_CASE("a tensor above the storage range is bound in parts: as a factor, a result, a map's") {
    if (!vulkan().available() || !reference().available())
        return;
    // 140 MB, and a storage range of 128 MiB on the least device and on lavapipe.
    const Dims large{7000, 5000};
    const auto product = [&](Dims a, Dims b, Dims y, bool ta, bool tb) {
        const Dims bias{y.back()};
        return NodeSpec{"matmul",
                        {{"transpose_a", ta},
                         {"transpose_b", tb},
                         {"epilogue", std::string("add i0 i1;relu t0")}},
                        {striped(std::move(a)), striped(std::move(b)), striped(bias)},
                        {{LM_F32, std::move(y)}}};
    };
    for (const NodeSpec& spec :
         {product({2, 5000}, large, {2, 7000}, false, true),
          product({3, 7000}, large, {3, 5000}, false, false),
          product({2, 7000}, {2, 5000}, large, true, false),
          NodeSpec{"add", {}, {striped(large), striped({5000})}, {{LM_F32, large}}}})
        expect_same_on(least_vulkan(), spec, 0);
}

TEST_CASE("activations above the storage range are convolved and pooled some samples at a time") {
    if (!vulkan().available() || !reference().available())
        return;
    const Dims x{3, 3500, 3400, 1}, y{3, 438, 425, 16}, filter{2, 2, 1, 16};
    const Attrs window{{"strides", Dims{8, 8}},
                       {"padding_low", Dims{0, 0}},
                       {"padding_high", Dims{0, 0}},
                       {"data_format", std::string("channels_last")}};
    Attrs conv = window, gradient = window, pool = window;
    for (Attrs* attrs : {&conv, &gradient}) {
        attrs->emplace_back("dilations", Dims{1, 1});
        attrs->emplace_back("groups", int64_t{1});
        attrs->emplace_back("epilogue", std::string());
    }
    gradient.emplace_back("filter_shape", filter);
    pool.emplace_back("window", Dims{7, 6});
    const Tensor large = striped(x);
    for (const NodeSpec& spec :
         {NodeSpec{"conv", conv, {large, striped(filter)}, {{LM_F32, y}}},
          NodeSpec{"conv_backward_filter", gradient, {large, striped(y)}, {{LM_F32, filter}}},
          NodeSpec{"max_pool", pool, {striped({3, 875, 850, 16})}, {{LM_F32, {3, 109, 106, 16}}}}})
        expect_same_on(least_vulkan(), spec, 0);
}

TEST_CASE("reductions: every kind over every set of axes") {
    for (const char* op : {"reduce_sum", "reduce_mean", "reduce_max", "reduce_min", "reduce_prod"})
        for (const Dims& axes :
             {Dims{0}, Dims{3}, Dims{0, 2}, Dims{1, 3}, Dims{0, 1, 2}, Dims{0, 1, 2, 3}}) {
            // A product of small numbers would end among the subnormals, which devices may flush.
            const bool product = std::string(op) == "reduce_prod";
            const Tensor x =
                random_tensor({3, 5, 7, 4}, 9, product ? Fill::near_one : Fill::uniform);
            Dims y;
            for (int64_t d = 0; d < 4; ++d)
                if (std::find(axes.begin(), axes.end(), d) == axes.end())
                    y.push_back(x.type.dims[static_cast<size_t>(d)]);
            expect_same({op, {{"axes", axes}, {"keep_dims", false}}, {x}, {{LM_F32, y}}}, 1e-5);
        }
}

TEST_CASE("reductions: of whole numbers, over both words of 64 bits") {
    const int64_t large = (int64_t{1} << 33) + 5;
    for (const char* op : {"reduce_sum", "reduce_max", "reduce_min", "reduce_prod"})
        for (const Dims& axes : {Dims{0}, Dims{1}, Dims{0, 1}}) {
            const Dims dims{61, 97},
                y = axes.size() == 2 ? Dims{} : Dims{dims[axes[0] == 0 ? 1 : 0]};
            std::vector<int64_t> wide;
            std::vector<int32_t> narrow;
            for (int64_t i = 0; i < 61 * 97; ++i) {
                wide.push_back((i * 31 % 17 - 8) * large);
                narrow.push_back(static_cast<int32_t>(i * 31 % 17 - 8));
            }
            if (std::string(op) == "reduce_prod") // one row or column of other factors than 1
                for (size_t i = 0; i < wide.size(); ++i)
                    wide[i] = narrow[i] = i % 97 == 3 || i / 97 == 3 ? (i % 19 == 0 ? -2 : 1) : 1;
            const Attrs attrs{{"axes", axes}, {"keep_dims", false}};
            expect_same({op, attrs, {Tensor(LM_I64, dims, wide)}, {{LM_I64, y}}}, 0);
            expect_same({op, attrs, {Tensor(LM_I32, dims, narrow)}, {{LM_I32, y}}}, 0);
        }
}

TEST_CASE("reductions: over more groups of dimensions than the shader follows") {
    const Dims x{2, 3, 2, 3, 2, 3, 2, 3, 2, 3};
    for (const Dims& axes : {Dims{0, 2, 4, 6, 8}, Dims{1, 3, 5, 7, 9}})
        expect_same({"reduce_sum",
                     {{"axes", axes}, {"keep_dims", false}},
                     {random_tensor(x, 9, Fill::integers)},
                     {{LM_F32, axes[0] == 0 ? Dims(5, 3) : Dims(5, 2)}}},
                    0);
    Dims longer = x;
    longer[0] = 700; // so that the sum is split, too
    expect_same({"reduce_max",
                 {{"axes", Dims{0, 2, 4, 6, 8}}, {"keep_dims", false}},
                 {random_tensor(longer, 9)},
                 {{LM_F32, Dims(5, 3)}}},
                0);
}

TEST_CASE("reductions: a long one is split, and a bias gradient is exact on integers") {
    expect_same({"reduce_sum",
                 {{"axes", Dims{0}}, {"keep_dims", false}},
                 {random_tensor({30011, 5}, 10, Fill::integers)},
                 {{LM_F32, {5}}}},
                0);
    expect_same({"reduce_sum",
                 {{"axes", Dims{0}}, {"keep_dims", false}},
                 {random_tensor({50021}, 10, Fill::integers)},
                 {{LM_F32, {}}}},
                0);
    expect_same({"reduce_mean",
                 {{"axes", Dims{1}}, {"keep_dims", false}},
                 {random_tensor({3, 20001}, 10)},
                 {{LM_F32, {3}}}},
                1e-6);
}

TEST_CASE("softmax: every axis; cross-entropy of labels with logits") {
    for (int64_t axis = 0; axis < 3; ++axis)
        for (const char* op : {"softmax", "log_softmax"})
            expect_same(
                {op, {{"axis", axis}}, {random_tensor({4, 11, 37}, 11)}, {{LM_F32, {4, 11, 37}}}},
                2e-6);
    expect_same({"softmax_cross_entropy",
                 {},
                 {random_tensor({129, 10}, 12), random_tensor({129, 10}, 13)},
                 {{LM_F32, {129}}}},
                4e-6);
}

TEST_CASE("pools: maxima, means and their gradients with padding and overlap") {
    struct Case {
        Dims in, out, window, strides, low, high;
    };
    for (const bool last : {true, false})
        for (const Case& t :
             {Case{{9, 8}, {4, 4}, {2, 2}, {2, 2}, {0, 0}, {0, 0}},
              Case{{7, 9}, {4, 5}, {3, 3}, {2, 2}, {1, 1}, {1, 1}},
              Case{{13}, {11}, {3}, {1}, {0}, {0}},
              Case{{5, 4, 6}, {3, 2, 6}, {2, 2, 3}, {2, 2, 1}, {0, 0, 1}, {1, 0, 1}}}) {
            const Dims x = activation(3, 5, t.in, last), y = activation(3, 5, t.out, last);
            Attrs attrs{{"window", t.window},
                        {"strides", t.strides},
                        {"padding_low", t.low},
                        {"padding_high", t.high},
                        {"data_format", std::string(last ? "channels_last" : "channels_first")}};
            // Few distinct integers: many ties.
            const Tensor xt = random_tensor(x, 14, Fill::integers),
                         dy = random_tensor(y, 15, Fill::integers);
            expect_same({"max_pool", attrs, {xt}, {{LM_F32, y}}}, 0);
            expect_same({"avg_pool", attrs, {xt}, {{LM_F32, y}}}, 1e-6);
            if (!reference().available())
                return;
            const Tensor yt = reference().run({"max_pool", attrs, {xt}, {{LM_F32, y}}})[0];
            expect_same({"max_pool_grad", attrs, {xt, yt, dy}, {{LM_F32, x}}}, 0);
            attrs.emplace_back("input_shape", x);
            expect_same({"avg_pool_grad", attrs, {dy}, {{LM_F32, x}}}, 1e-6);
        }
}

TEST_CASE("lookups: gather, scatter_add and one_hot leave out indices outside") {
    const Tensor at = indices({9}, 6);
    expect_same({"gather",
                 {{"axis", int64_t{1}}},
                 {random_tensor({3, 6, 5}, 16), at},
                 {{LM_F32, {3, 9, 5}}}},
                0);
    expect_same({"scatter_add",
                 {{"axis", int64_t{1}}, {"size", int64_t{6}}},
                 {at, random_tensor({3, 9, 5}, 17, Fill::integers)},
                 {{LM_F32, {3, 6, 5}}}},
                0);
    expect_same({"one_hot",
                 {{"depth", int64_t{6}}, {"dtype", std::string("f32")}},
                 {at},
                 {{LM_F32, {9, 6}}}},
                0);
}

TEST_CASE("lookups: of elements of every width") {
    const Tensor at = indices({9}, 6);
    if (!vulkan().available() || !reference().available())
        return;
    for (const auto& [dtype, name] :
         std::vector<std::pair<lm_dtype, std::string>>{{LM_U8, "u8"},
                                                       {LM_BOOL, "bool"},
                                                       {LM_F16, "f16"},
                                                       {LM_BF16, "bf16"},
                                                       {LM_I32, "i32"},
                                                       {LM_I64, "i64"},
                                                       {LM_F64, "f64"}}) {
        const auto stored = [&](Dims dims) {
            const Tensor t = random_tensor(dims, 16, Fill::integers);
            return reference().run({"cast", {{"dtype", name}}, {t}, {{dtype, dims}}})[0];
        };
        for (const int64_t inner : {1, 5})
            expect_same({"gather",
                         {{"axis", int64_t{1}}},
                         {stored({3, 6, inner}), at},
                         {{dtype, {3, 9, inner}}}},
                        0);
        if (dtype != LM_F64)
            expect_same({"scatter_add",
                         {{"axis", int64_t{1}}, {"size", int64_t{6}}},
                         {at, stored({3, 9, 5})},
                         {{dtype, {3, 6, 5}}}},
                        0);
        expect_same({"one_hot", {{"depth", int64_t{7}}, {"dtype", name}}, {at}, {{dtype, {9, 7}}}},
                    0);
    }
}

TEST_CASE("argmax and top_k: of equals the first comes first") {
    const Tensor x = random_tensor({13, 57}, 18, Fill::integers);
    expect_same({"argmax", {{"axis", int64_t{1}}}, {x}, {{LM_I64, {13}}}}, 0);
    expect_same({"argmax", {{"axis", int64_t{0}}}, {x}, {{LM_I64, {57}}}}, 0);
    expect_same({"top_k", {{"k", int64_t{5}}}, {x}, {{LM_F32, {13, 5}}, {LM_I64, {13, 5}}}}, 0);
}

TEST_CASE("random: the same bits as everywhere, normal draws to rounding") {
    const Tensor state(LM_I64, {3}, std::vector<int64_t>{1234567890123, 17, 40});
    const int64_t key = -1234567890123456789;
    for (const bool batched : {false, true}) {
        const auto attrs = [&](Attrs more) {
            more.insert(more.end(),
                        {{"shape", Dims{7, 13, 3}}, {"batched", batched}, {"key", key}});
            return more;
        };
        const std::vector<TensorType> y{{LM_F32, {7, 13, 3}}};
        expect_same({"random_uniform", attrs({{"low", -0.3}, {"high", 0.7}}), {state}, y}, 0);
        expect_same({"random_bernoulli", attrs({{"probability", 0.3}}), {state}, y}, 0);
        for (const bool truncated : {false, true})
            expect_same({"random_normal",
                         attrs({{"mean", 0.5}, {"stddev", 2.0}, {"truncated", truncated}}),
                         {state},
                         y},
                        1e-6);
    }
}

TEST_CASE("resize: nearest and bilinear, larger and smaller, and their gradients") {
    for (const char* method : {"nearest", "bilinear"})
        for (const Dims& size : {Dims{10, 6}, Dims{3, 13}, Dims{5, 7}}) {
            Attrs attrs{{"method", std::string(method)},
                        {"data_format", std::string("channels_last")}};
            Attrs grad = attrs;
            attrs.emplace_back("size", size);
            const Dims y{2, size[0], size[1], 3};
            grad.emplace_back("input_shape", Dims{2, 5, 7, 3});
            expect_same({"resize", attrs, {random_tensor({2, 5, 7, 3}, 19)}, {{LM_F32, y}}}, 1e-6);
            expect_same({"resize_grad", grad, {random_tensor(y, 20)}, {{LM_F32, {2, 5, 7, 3}}}},
                        2e-6);
        }
}

TEST_CASE("batch normalisation: training, inference and gradient, whichever the channel axis") {
    for (const int64_t axis : {int64_t{-1}, int64_t{1}}) {
        const Dims dims{9, 6, 31, 4};
        const Dims c{axis == 1 ? 6 : 4};
        const Tensor x = random_tensor(dims, 21), gamma = random_tensor(c, 22),
                     beta = random_tensor(c, 23), dy = random_tensor(dims, 24);
        const Attrs attrs{{"epsilon", 1e-3}, {"axis", axis}};
        const std::vector<TensorType> y{{LM_F32, dims}, {LM_F32, c}, {LM_F32, c}};
        const NodeSpec training{"batch_norm_training", attrs, {x, gamma, beta}, y};
        expect_same(training, 3e-6);
        if (!reference().available())
            return;
        const auto out = reference().run(training);
        expect_same(
            {"batch_norm_inference", attrs, {x, gamma, beta, out[1], out[2]}, {{LM_F32, dims}}},
            3e-6);
        expect_same({"batch_norm_grad", attrs, {x, gamma, out[1], out[2], dy}, y}, 1e-5);
    }
}
