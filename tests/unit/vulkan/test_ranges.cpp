// Tensors above the storage range: bound in parts, wherever parts begin.

#include <catch2/catch.hpp>

#include <algorithm>

#include "operators.hpp"

using namespace lamina::test;
using lamina::plugin::Dims;
using lamina::plugin::TensorType;

namespace {

/// On a device whose storage range is so small: by every kernel that there is without parts.
void expect_same_in_parts(int64_t kib, const NodeSpec& spec, double tolerance) {
    if (!vulkan().available() || !reference().available())
        return;
    BackendUnderTest& device = narrow_vulkan(kib);
    const auto largest = [](const auto& list, auto bytes) {
        int64_t most = 0;
        for (const auto& t : list)
            most = std::max<int64_t>(most, bytes(t));
        return most;
    };
    const int64_t bytes =
        std::max(largest(spec.inputs, [](const Tensor& t) { return t.type.bytes(); }),
                 largest(spec.outputs, [](const TensorType& t) { return t.bytes(); }));
    CHECK(bytes > kib * 1024);
    const auto kernels_of = [&](const BackendUnderTest& b) {
        auto names = b.candidates(spec);
        std::sort(names.begin(), names.end());
        return names;
    };
    CHECK(kernels_of(device) == kernels_of(least_vulkan()));
    expect_same_on(device, spec, tolerance);
}

struct Geometry {
    int64_t n, c, k, groups;
    Dims in, out, window, strides, low, high, dilations;
    bool last;
};

/// The three passes on small integers.
std::vector<NodeSpec> conv_passes(const Geometry& g, const std::string& epilogue = "") {
    const Dims x = activation(g.n, g.c, g.in, g.last), y = activation(g.n, g.k, g.out, g.last);
    Dims filter = g.window;
    filter.insert(filter.end(), {g.c / g.groups, g.k});
    Attrs attrs{{"strides", g.strides},
                {"padding_low", g.low},
                {"padding_high", g.high},
                {"dilations", g.dilations},
                {"groups", g.groups},
                {"data_format", std::string(g.last ? "channels_last" : "channels_first")}};
    Attrs weights = attrs;
    attrs.emplace_back("epilogue", epilogue);
    Attrs data = attrs;
    data.emplace_back("input_shape", x);
    weights.emplace_back("filter_shape", filter);
    const Tensor xt = striped(x), ft = random_tensor(filter, 4, Fill::integers), yt = striped(y);
    std::vector<Tensor> forward{xt, ft}, backward{yt, ft};
    if (!epilogue.empty()) {
        forward.push_back(random_tensor(y, 6, Fill::integers));
        backward.push_back(random_tensor(x, 6, Fill::integers));
    }
    return {{"conv", attrs, forward, {{LM_F32, y}}},
            {"conv_backward_data", data, backward, {{LM_F32, x}}},
            {"conv_backward_filter", weights, {xt, yt}, {{LM_F32, filter}}}};
}

/// From -1 to one too far.
Tensor indices(Dims dims, int64_t below, lm_dtype dtype = LM_I64) {
    Tensor t(dtype, std::move(dims));
    for (int64_t i = 0; i < t.type.elements(); ++i) {
        const int64_t value = i * 7919 % (below + 2) - 1;
        if (dtype == LM_I64)
            reinterpret_cast<int64_t*>(t.bytes.data())[i] = value;
        else
            reinterpret_cast<int32_t*>(t.bytes.data())[i] = static_cast<int32_t>(value);
    }
    return t;
}

} // namespace

TEST_CASE("ranges: convolutions of many samples, aligned and not, by every algorithm") {
    for (const NodeSpec& pass : conv_passes(
             {5, 4, 8, 1, {48, 48}, {48, 48}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, true}))
        expect_same_in_parts(160, pass, 0);
    for (const bool last : {true, false}) {
        for (const NodeSpec& pass : conv_passes(
                 {5, 3, 5, 1, {67, 61}, {67, 61}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, last}))
            expect_same_in_parts(200, pass, 0);
        for (const NodeSpec& pass : conv_passes(
                 {7, 3, 6, 3, {67, 61}, {34, 31}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, last}))
            expect_same_in_parts(100, pass, 0);
    }
}

TEST_CASE("ranges: convolutions by FFT, of samples that begin anywhere, in several chunks") {
    for (const bool last : {true, false})
        for (const NodeSpec& pass : conv_passes(
                 {5, 5, 7, 1, {67, 61}, {67, 61}, {7, 7}, {1, 1}, {3, 3}, {3, 3}, {1, 1}, last}))
            expect_same_in_parts(380, pass, 0);
}

TEST_CASE("ranges: an epilogue that does not ride follows a convolution in parts") {
    for (const NodeSpec& pass :
         conv_passes({5, 3, 5, 1, {67, 61}, {67, 61}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, true},
                     "mul i0 i1;add t0 i1;relu t1"))
        if (pass.op != "conv_backward_filter")
            expect_same_in_parts(200, pass, 0);
}

TEST_CASE("ranges: a filter above the range is taken in parts of its window") {
    if (!vulkan().available())
        return;
    // 9 entries of 35 x 41 floats, 5740 bytes: all at once, rows and single entries.
    for (const bool last : {true, false})
        for (const int64_t kib : {20, 8})
            for (const NodeSpec& pass : conv_passes(
                     {2, 35, 41, 1, {7, 5}, {5, 4}, {3, 3}, {1, 1}, {0, 0}, {0, 1}, {1, 1}, last}))
                expect_same_on(narrow_vulkan(kib), pass, 0);
}

TEST_CASE("ranges: pools and their gradients, of samples that begin anywhere") {
    for (const bool last : {true, false}) {
        const Dims x = activation(9, 3, {31, 23}, last), y = activation(9, 3, {16, 12}, last);
        Attrs attrs{{"window", Dims{3, 3}},
                    {"strides", Dims{2, 2}},
                    {"padding_low", Dims{1, 1}},
                    {"padding_high", Dims{1, 1}},
                    {"data_format", std::string(last ? "channels_last" : "channels_first")}};
        const Tensor xt = striped(x), dy = striped(y);
        if (!reference().available())
            return;
        expect_same_in_parts(20, {"max_pool", attrs, {xt}, {{LM_F32, y}}}, 0);
        expect_same_in_parts(20, {"avg_pool", attrs, {xt}, {{LM_F32, y}}}, 1e-6);
        const Tensor yt = reference().run({"max_pool", attrs, {xt}, {{LM_F32, y}}})[0];
        expect_same_in_parts(20, {"max_pool_grad", attrs, {xt, yt, dy}, {{LM_F32, x}}}, 0);
        attrs.emplace_back("input_shape", x);
        expect_same_in_parts(20, {"avg_pool_grad", attrs, {dy}, {{LM_F32, x}}}, 1e-6);
    }
}

TEST_CASE("ranges: images that begin anywhere are resized") {
    for (const char* method : {"nearest", "bilinear"}) {
        Attrs attrs{{"method", std::string(method)}, {"data_format", std::string("channels_last")}};
        Attrs grad = attrs;
        const Dims x{9, 31, 23, 3}, y{9, 17, 41, 3};
        attrs.emplace_back("size", Dims{17, 41});
        grad.emplace_back("input_shape", x);
        expect_same_in_parts(20, {"resize", attrs, {random_tensor(x, 19)}, {{LM_F32, y}}}, 1e-6);
        expect_same_in_parts(20, {"resize_grad", grad, {random_tensor(y, 20)}, {{LM_F32, x}}},
                             2e-6);
    }
}

TEST_CASE("ranges: reductions of every kind, along fast, slow and mixed dimensions") {
    for (const char* op : {"reduce_sum", "reduce_mean", "reduce_max", "reduce_min"})
        for (const auto& [x, axes] : std::vector<std::pair<Dims, Dims>>{
                 {{37, 1001}, {0}},      // each entry of the reduced dimension fits
                 {{37, 1001}, {1}},      // kept
                 {{3, 15013}, {0}},      // none fits, and nothing else is reduced
                 {{3, 15013}, {1}},      // one result's row does not fit
                 {{47001}, {0}},         // all
                 {{47001}, {}},          // nothing
                 {{3, 5, 3001}, {0, 2}}, // entries that do not fit are cut again
                 {{3, 5, 3001}, {1}},
                 {{7, 3, 11, 3, 7, 3, 11}, {0, 2, 4, 6}},
                 {{3, 2, 3, 2, 3, 2, 3, 2, 31}, {1, 3, 5, 7}}}) {
            Dims y;
            for (size_t d = 0; d < x.size(); ++d)
                if (std::find(axes.begin(), axes.end(), static_cast<int64_t>(d)) == axes.end())
                    y.push_back(x[d]);
            const bool mean = std::string(op) == "reduce_mean";
            expect_same_in_parts(20,
                                 {op,
                                  {{"axes", axes}, {"keep_dims", false}},
                                  {random_tensor(x, 9, Fill::integers)},
                                  {{LM_F32, y}}},
                                 mean ? 1e-6 : 0);
        }
}

TEST_CASE("ranges: batch normalisation of every channel axis") {
    for (const int64_t axis : {int64_t{-1}, int64_t{1}, int64_t{0}}) {
        const Dims dims{9, 7, 31, 5};
        const Dims c{axis == 0 ? 9 : axis == 1 ? 7 : 5};
        const Tensor x = random_tensor(dims, 21), gamma = random_tensor(c, 22),
                     beta = random_tensor(c, 23), dy = random_tensor(dims, 24);
        const Attrs attrs{{"epsilon", 1e-3}, {"axis", axis}};
        const std::vector<TensorType> y{{LM_F32, dims}, {LM_F32, c}, {LM_F32, c}};
        const NodeSpec training{"batch_norm_training", attrs, {x, gamma, beta}, y};
        expect_same_in_parts(8, training, 3e-6);
        if (!reference().available())
            return;
        const auto out = reference().run(training);
        expect_same_in_parts(
            8, {"batch_norm_inference", attrs, {x, gamma, beta, out[1], out[2]}, {{LM_F32, dims}}},
            3e-6);
        expect_same_in_parts(8, {"batch_norm_grad", attrs, {x, gamma, out[1], out[2], dy}, y},
                             1e-5);
    }
}

TEST_CASE("ranges: parts of elements of one and two bytes share words") {
    if (!vulkan().available())
        return;
    const Dims x{3, 30001};
    const Tensor a = striped(x), row = striped({30001});
    expect_same_in_parts(20, {"less", {}, {a, row}, {{LM_BOOL, x}}}, 0);
    const auto half = [&](const Tensor& t) {
        return vulkan().run(
            {"cast", {{"dtype", std::string("bf16")}}, {t}, {{LM_BF16, t.type.dims}}})[0];
    };
    expect_same_in_parts(20, {"add", {}, {half(a), half(row)}, {{LM_BF16, x}}}, 0);
    expect_same_in_parts(20,
                         {"concat",
                          {{"axis", int64_t{1}}},
                          {half(a), half(striped({3, 7}))},
                          {{LM_BF16, {3, 30008}}}},
                         0);
}

TEST_CASE("ranges: softmax and its like, of rows that lie side by side or apart") {
    for (const auto& [x, axis] : std::vector<std::pair<Dims, int64_t>>{{{307, 37}, 1},
                                                                       {{37, 307}, 0},
                                                                       {{7, 11, 131}, 1},
                                                                       {{3, 11, 1001}, 1},
                                                                       {{1500, 3}, -1}}) {
        for (const char* op : {"softmax", "log_softmax"})
            expect_same_in_parts(8, {op, {{"axis", axis}}, {random_tensor(x, 11)}, {{LM_F32, x}}},
                                 2e-6);
        Dims rest = x;
        rest.erase(rest.begin() + (axis < 0 ? 1 : axis));
        expect_same_in_parts(
            8,
            {"argmax", {{"axis", axis}}, {random_tensor(x, 18, Fill::integers)}, {{LM_I64, rest}}},
            0);
    }
    expect_same_in_parts(8,
                         {"softmax_cross_entropy",
                          {},
                          {random_tensor({3001, 7}, 12), random_tensor({3001, 7}, 13)},
                          {{LM_F32, {3001}}}},
                         4e-6);
    expect_same_in_parts(8,
                         {"top_k",
                          {{"k", int64_t{5}}},
                          {random_tensor({1013, 57}, 18, Fill::integers)},
                          {{LM_F32, {1013, 5}}, {LM_I64, {1013, 5}}}},
                         0);
}

TEST_CASE("ranges: lookups of which the table, the indices or the result is beyond it") {
    if (!vulkan().available() || !reference().available())
        return;
    for (const auto& [dtype, name] : std::vector<std::pair<lm_dtype, std::string>>{
             {LM_F32, "f32"}, {LM_F16, "f16"}, {LM_U8, "u8"}, {LM_I64, "i64"}}) {
        const auto stored = [&](Dims dims) {
            const Tensor t = striped(dims);
            return reference().run({"cast", {{"dtype", name}}, {t}, {{dtype, dims}}})[0];
        };
        for (const auto& [x, axis, count] : std::vector<std::tuple<Dims, int64_t, int64_t>>{
                 {{2003, 11}, 0, 57},     // an embedding's table
                 {{2003, 1}, 0, 1999},    // and indices
                 {{301, 5, 7}, 1, 9},     // many slices
                 {{3, 1007, 13}, 1, 501}, // of which not even one fits
             }) {
            Dims y = x;
            y[static_cast<size_t>(axis)] = count;
            const Tensor at =
                indices({count}, x[static_cast<size_t>(axis)], axis == 0 ? LM_I64 : LM_I32);
            expect_same_on(narrow_vulkan(4),
                           {"gather", {{"axis", axis}}, {stored(x), at}, {{dtype, y}}}, 0);
            for (const auto& [from, to] : {std::pair{x, y}, std::pair{y, x}}) {
                const auto along = static_cast<size_t>(axis);
                const Tensor place = indices({from[along]}, to[along], LM_I32);
                expect_same_on(narrow_vulkan(4),
                               {"scatter_add",
                                {{"axis", axis}, {"size", to[along]}},
                                {place, stored(from)},
                                {{dtype, to}}},
                               0);
            }
        }
        for (const auto& [count, depth] : {std::pair<int64_t, int64_t>{2003, 3}, {5, 10007}})
            expect_same_on(narrow_vulkan(4),
                           {"one_hot",
                            {{"depth", depth}, {"dtype", name}},
                            {indices({count}, depth)},
                            {{dtype, {count, depth}}}},
                           0);
    }
}

TEST_CASE("ranges: random draws continue where the part before ended") {
    const Tensor state(LM_I64, {3}, std::vector<int64_t>{1234567890123, 17, 40});
    for (const bool batched : {false, true}) {
        const Dims shape{71, 131, 3};
        const Attrs attrs{{"shape", shape},
                          {"batched", batched},
                          {"key", int64_t{-1234567}},
                          {"low", -0.3},
                          {"high", 0.7}};
        expect_same_in_parts(20, {"random_uniform", attrs, {state}, {{LM_F32, shape}}}, 0);
    }
}

TEST_CASE("ranges: products of f32 and f16, whichever factor is beyond it, of few long rows too") {
    if (!vulkan().available() || !reference().available())
        return;
    const auto product = [&](Dims a, Dims b, Dims y, bool ta, bool tb, lm_dtype operands,
                             lm_dtype result) {
        const auto stored = [&](Dims dims, lm_dtype dtype) {
            const Tensor t = striped(dims);
            const std::string name = lamina::plugin::dtype_name(dtype);
            return reference().run({"cast", {{"dtype", name}}, {t}, {{dtype, dims}}})[0];
        };
        Attrs attrs{{"transpose_a", ta},
                    {"transpose_b", tb},
                    {"epilogue", std::string("add i0 i1;relu t0")}};
        if (operands != result)
            attrs.emplace_back("result_dtype", std::string(lamina::plugin::dtype_name(result)));
        return NodeSpec{"matmul",
                        attrs,
                        {stored(std::move(a), operands), stored(std::move(b), operands),
                         stored({y.back()}, result)},
                        {{result, y}}};
    };
    for (const auto& [operands, result] :
         {std::pair<lm_dtype, lm_dtype>{LM_F32, LM_F32}, {LM_F16, LM_F16}, {LM_BF16, LM_F32}})
        for (const NodeSpec& spec :
             {product({3, 701}, {701, 67}, {3, 67}, false, false, operands, result),
              product({3, 701}, {67, 701}, {3, 67}, false, true, operands, result),
              product({5, 701}, {5, 3}, {701, 3}, true, false, operands, result),
              product({701, 67}, {3, 67}, {701, 3}, false, true, operands, result),
              product({301, 3}, {3, 67}, {301, 67}, false, false, operands, result),
              product({3, 5, 1001}, {3, 1001, 2}, {3, 5, 2}, false, false, operands, result)})
            // Reference rounds a product to f16 before its epilogue; kernels round once.
            expect_same_by(narrow_vulkan(8), "tiled", spec, vulkan().run(spec, "tiled"), 0);
}
