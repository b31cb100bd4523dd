#include <dlfcn.h>

#include <string>

#include "openblas/compare.hpp"

using namespace lamina::test;

TEST_CASE("matmul: every transposition, shape and epilogue agrees with the reference") {
    for (const auto& [m, n, k] : {std::array<std::int64_t, 3>{1, 7, 5},
                                  {1, 100, 33},
                                  {5, 1, 9},
                                  {127, 61, 401},
                                  {13, 24, 1},
                                  {97, 49, 77}})
        for (int t = 0; t < 4; ++t) {
            const bool ta = (t & 1) != 0, tb = (t & 2) != 0;
            const Tensor a = numbers(ta ? Dims{k, m} : Dims{m, k}, 1);
            const Tensor b = numbers(tb ? Dims{n, k} : Dims{k, n}, 2);
            compare({"matmul",
                     {{"transpose_a", ta}, {"transpose_b", tb}, {"epilogue", ""}},
                     {a, b},
                     {{LM_F32, {m, n}}}},
                    0.0);
            compare({"matmul",
                     {{"transpose_a", ta},
                      {"transpose_b", tb},
                      {"epilogue", t % 2 == 0 ? "add i0 i1;relu t0" : "add i1 i0;sigmoid t0"}},
                     {a, b, numbers({n}, 3)},
                     {{LM_F32, {m, n}}}},
                    1e-6);
        }
}

TEST_CASE("matmul: a batch has its own second operand, or shares one") {
    for (const bool shared : {false, true})
        for (int t = 0; t < 4; ++t) {
            const bool ta = (t & 1) != 0, tb = (t & 2) != 0;
            Dims a = ta ? Dims{2, 3, 19, 8} : Dims{2, 3, 8, 19};
            Dims b = tb ? Dims{2, 3, 5, 19} : Dims{2, 3, 19, 5};
            if (shared)
                b.erase(b.begin(), b.begin() + 2);
            compare({"matmul",
                     {{"transpose_a", ta}, {"transpose_b", tb}, {"epilogue", ""}},
                     {numbers(a, 1), numbers(b, 2)},
                     {{LM_F32, {2, 3, 8, 5}}}},
                    0.0);
        }
}

TEST_CASE("reductions: any axes, any type") {
    struct Case {
        Dims axes, kept, gone;
    };
    for (const Case& c : {Case{{0}, {1, 40, 9}, {40, 9}}, Case{{2}, {700, 40, 1}, {700, 40}},
                          Case{{0, 1}, {1, 1, 9}, {9}}, Case{{0, 2}, {1, 40, 1}, {40}},
                          Case{{0, 1, 2}, {1, 1, 1}, {}}, Case{{}, {700, 40, 9}, {700, 40, 9}},
                          Case{{1}, {700, 1, 9}, {700, 9}}})
        for (const char* op : {"reduce_sum", "reduce_mean", "reduce_max", "reduce_min"})
            for (const bool keep : {false, true})
                compare({op,
                         {{"axes", c.axes}, {"keep_dims", keep}},
                         {fractions({700, 40, 9}, 1)},
                         {{LM_F32, keep ? c.kept : c.gone}}},
                        1e-6);
    compare({"reduce_prod",
             {{"axes", Dims{1}}, {"keep_dims", false}},
             {fractions({7, 12, 5}, 1)},
             {{LM_F32, {7, 5}}}},
            1e-6);
    const Tensor whole = integers({2, 3}, {5, -7, 3, 1, 9, -2});
    for (const char* op : {"reduce_sum", "reduce_max", "reduce_min", "reduce_prod"})
        compare({op, {{"axes", Dims{1}}, {"keep_dims", false}}, {whole}, {{LM_I64, {2}}}}, 0.0);
    Tensor nan = fractions({50, 60}, 1);
    nan.data()[777] = NAN;
    compare({"reduce_max", {{"axes", Dims{0}}, {"keep_dims", false}}, {nan}, {{LM_F32, {60}}}},
            0.0);
    compare({"reduce_max", {{"axes", Dims{1}}, {"keep_dims", false}}, {nan}, {{LM_F32, {50}}}},
            0.0);
}

TEST_CASE("softmax: along any axis, and its logarithm, and the cross-entropy") {
    Tensor x = fractions({6, 301, 5}, 1);
    for (std::int64_t i = 0; i < x.size(); ++i)
        x.data()[i] *= 100.0f;
    for (const int axis : {-1, 1, 0})
        for (const char* op : {"softmax", "log_softmax"})
            compare({op, {{"axis", axis}}, {x}, {{LM_F32, x.dims}}}, 2e-6);
    Tensor logits = x;
    logits.dims = {301, 30};
    compare({"softmax_cross_entropy", {}, {logits, fractions({301, 30}, 2)}, {{LM_F32, {301}}}},
            1e-5);
}

TEST_CASE("batch normalisation: training, inference and gradient along any axis") {
    for (const int axis : {-1, 1}) {
        const Dims shape{5, 12, 7, 6};
        const Dims c{axis == 1 ? 12 : 6};
        const std::vector<Attribute> attrs{{"epsilon", 0.001}, {"axis", axis}};
        const Tensor x = fractions(shape, 1), gamma = fractions(c, 2), beta = fractions(c, 3);
        Tensor variance = fractions(c, 4);
        for (std::int64_t i = 0; i < variance.size(); ++i)
            variance.data()[i] = std::fabs(variance.data()[i]);
        compare({"batch_norm_training",
                 attrs,
                 {x, gamma, beta},
                 {{LM_F32, shape}, {LM_F32, c}, {LM_F32, c}}},
                2e-6);
        compare({"batch_norm_inference",
                 attrs,
                 {x, gamma, beta, fractions(c, 5), variance},
                 {{LM_F32, shape}}},
                2e-6);
        compare({"batch_norm_grad",
                 attrs,
                 {x, gamma, fractions(c, 5), variance, fractions(shape, 6)},
                 {{LM_F32, shape}, {LM_F32, c}, {LM_F32, c}}},
                5e-6);
    }
}

TEST_CASE("movement: transpose, broadcast, slice, pad, concat and reshape move every element") {
    const Tensor x = numbers({3, 5, 7, 4}, 1);
    for (const auto& [perm, shape] : {std::pair{Dims{0, 3, 1, 2}, Dims{3, 4, 5, 7}},
                                      std::pair{Dims{3, 2, 1, 0}, Dims{4, 7, 5, 3}},
                                      std::pair{Dims{0, 2, 3, 1}, Dims{3, 7, 4, 5}},
                                      std::pair{Dims{1, 0, 2, 3}, Dims{5, 3, 7, 4}}})
        compare({"transpose", {{"perm", perm}}, {x}, {{LM_F32, shape}}}, 0.0);
    compare({"transpose", {{"perm", Dims{1, 0}}}, {numbers({301, 77}, 1)}, {{LM_F32, {77, 301}}}},
            0.0);
    compare({"broadcast_to",
             {{"shape", Dims{3, 6, 5, 4}}},
             {numbers({6, 1, 4}, 1)},
             {{LM_F32, {3, 6, 5, 4}}}},
            0.0);
    compare(
        {"slice",
         {{"begin", Dims{1, 4, 0, 3}}, {"size", Dims{2, 5, 3, 2}}, {"strides", Dims{1, -1, 2, -2}}},
         {x},
         {{LM_F32, {2, 5, 3, 2}}}},
        0.0);
    compare({"pad",
             {{"low", Dims{1, 0, 2, 0}}, {"high", Dims{0, 1, 0, 3}}, {"value", 2.5}},
             {x},
             {{LM_F32, {4, 6, 9, 7}}}},
            0.0);
    compare({"concat", {{"axis", 1}}, {x, numbers({3, 2, 7, 4}, 2), x}, {{LM_F32, {3, 12, 7, 4}}}},
            0.0);
    compare({"reshape", {{"shape", Dims{15, -1}}}, {x}, {{LM_F32, {15, 28}}}}, 0.0);
}

TEST_CASE("indexing and ranking: out of range, ties and NaN are as the reference has them") {
    const Tensor indices = integers({2, 3}, {4, 0, -1, 2, 9, 4});
    compare({"gather", {{"axis", 1}}, {numbers({3, 5, 4}, 1), indices}, {{LM_F32, {3, 2, 3, 4}}}},
            0.0);
    compare({"scatter_add",
             {{"axis", 1}, {"size", 5}},
             {indices, numbers({3, 2, 3, 70}, 1)},
             {{LM_F32, {3, 5, 70}}}},
            0.0);
    compare({"one_hot", {{"depth", 5}, {"dtype", "f32"}}, {indices}, {{LM_F32, {2, 3, 5}}}}, 0.0);
    Tensor x = numbers({4, 37, 3}, 1);
    x.data()[60] = NAN;
    compare({"argmax", {{"axis", 1}}, {x}, {{LM_I64, {4, 3}}}}, 0.0);
    compare({"argmax", {{"axis", -1}}, {x}, {{LM_I64, {4, 37}}}}, 0.0);
    Tensor rows = numbers({12, 37}, 2);
    rows.data()[60] = NAN;
    compare({"top_k", {{"k", 5}}, {rows}, {{LM_F32, {12, 5}}, {LM_I64, {12, 5}}}}, 0.0);
}

TEST_CASE("resize: both methods, growing and shrinking, and the transpose") {
    for (const char* method : {"nearest", "bilinear"})
        for (const Dims& size : {Dims{13, 10}, Dims{3, 4}, Dims{7, 5}}) {
            const Dims x{2, 7, 5, 3}, y{2, size[0], size[1], 3};
            const std::vector<Attribute> attrs{{"size", size},
                                               {"method", method},
                                               {"data_format", "channels_last"},
                                               {"input_shape", x}};
            compare({"resize", attrs, {numbers(x, 1)}, {{LM_F32, y}}}, 1e-6);
            compare({"resize_grad", attrs, {numbers(y, 2)}, {{LM_F32, x}}}, 1e-6);
        }
}

TEST_CASE("random: the reference's bits, for any batch") {
    const Tensor state = integers({3}, {7, 123456789012, 384});
    for (const bool batched : {false, true})
        for (const Dims& shape : {Dims{33, 7}, Dims{5, 4, 1001}, Dims{1}}) {
            const auto attrs = [&](std::vector<Attribute> more) {
                more.insert(
                    more.end(),
                    {{"shape", shape}, {"batched", batched}, {"key", std::int64_t{0x1234567890}}});
                return more;
            };
            compare({"random_uniform",
                     attrs({{"low", -0.3}, {"high", 1.7}}),
                     {state},
                     {{LM_F32, shape}}},
                    0.0);
            for (const bool truncated : {false, true})
                compare({"random_normal",
                         attrs({{"mean", 0.1}, {"stddev", 2.0}, {"truncated", truncated}}),
                         {state},
                         {{LM_F32, shape}}},
                        0.0);
            compare({"random_bernoulli", attrs({{"probability", 0.3}}), {state}, {{LM_F32, shape}}},
                    0.0);
        }
}

TEST_CASE(
    "OpenBLAS multiplies with the processor's own instructions, also where it does not know it") {
    const Tensor one = numbers({1, 1}, 1); // a product loads the library
    compare({"matmul",
             {{"transpose_a", false}, {"transpose_b", false}, {"epilogue", ""}},
             {one, one},
             {{LM_F32, {1, 1}}}},
            1e-6);
    void* library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_NOLOAD);
    REQUIRE(library != nullptr);
    const auto core_name = reinterpret_cast<char* (*)()>(dlsym(library, "openblas_get_corename"));
    const std::string core = core_name();
    dlclose(library);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        for (const char* old : {"Prescott", "Core2", "Nehalem", "Sandybridge"})
            CHECK(core != old);
#endif
}
