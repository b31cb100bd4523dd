#include <catch2/catch.hpp>

#include <cmath>
#include <limits>

#include "operators.hpp"

using namespace lamina::test;
namespace plugin = lamina::plugin;

namespace {

std::vector<float> sample_values() {
    std::vector<float> x;
    for (int i = -200; i <= 200; ++i)
        x.push_back(static_cast<float>(i) * 0.0631f);
    for (float v : {1e-30f, -1e-30f, 1e-7f, 1e-4f, -1e-4f, 0.0f, 80.0f, -80.0f, 1e10f, 500.0f})
        x.push_back(v);
    return x;
}

std::vector<float> unary(const char* op, const std::vector<float>& x) {
    const auto n = static_cast<int64_t>(x.size());
    return vulkan().run({op, {}, {Tensor(LM_F32, {n}, x)}, {{LM_F32, {n}}}})[0].values<float>();
}

/// |error| in units of the larger of the true value's last place and the smallest normal.
void expect_close(const char* op, double (*truth)(double), double ulps, double absolute = 0,
                  bool positive = false) {
    std::vector<float> x = sample_values();
    if (positive)
        for (float& v : x)
            v = std::abs(v);
    const auto y = unary(op, x);
    for (size_t i = 0; i < x.size(); ++i) {
        const double t = truth(x[i]);
        INFO(op << "(" << x[i] << ") = " << y[i] << ", truly " << t);
        if (std::isinf(static_cast<float>(t)) || std::isnan(t)) {
            const bool same = std::isnan(t) ? std::isnan(y[i]) : y[i] == static_cast<float>(t);
            CHECK(same);
            continue;
        }
        const double unit = std::max(std::abs(t), 1.2e-38) * 1.1920929e-7;
        CHECK(std::abs(y[i] - t) <= ulps * unit + absolute);
    }
}

} // namespace

TEST_CASE("elementwise: functions are right to a few units in the last place") {
    if (!vulkan().available())
        return;
    expect_close(
        "exp", [](double x) { return std::exp(x); }, 2);
    expect_close(
        "expm1", [](double x) { return std::expm1(x); }, 6);
    expect_close(
        "log", [](double x) { return std::log(x); }, 2, 0, true);
    expect_close(
        "log1p", [](double x) { return std::log1p(x); }, 5, 0, true);
    expect_close(
        "sqrt", [](double x) { return std::sqrt(x); }, 4, 0, true);
    expect_close(
        "rsqrt", [](double x) { return 1 / std::sqrt(x); }, 6, 0, true);
    expect_close(
        "tanh", [](double x) { return std::tanh(x); }, 4);
    expect_close(
        "sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }, 5);
    expect_close(
        "softplus", [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); },
        6);
    expect_close(
        "erf", [](double x) { return std::erf(x); }, 3);
    expect_close(
        "round", [](double x) { return std::nearbyint(x); }, 0);
    expect_close(
        "floor", [](double x) { return std::floor(x); }, 0);
    expect_close(
        "sign", [](double x) { return double((x > 0) - (x < 0)); }, 0);
}

TEST_CASE("elementwise: sin and cos are right to 1e-6 for angles up to a thousand") {
    if (!vulkan().available())
        return;
    std::vector<float> x;
    for (int i = -1000; i <= 1000; ++i)
        x.push_back(static_cast<float>(i) * 0.997f);
    const auto s = unary("sin", x), c = unary("cos", x);
    for (size_t i = 0; i < x.size(); ++i) {
        INFO(x[i]);
        CHECK(std::abs(s[i] - std::sin(double{x[i]})) < 1e-6);
        CHECK(std::abs(c[i] - std::cos(double{x[i]})) < 1e-6);
    }
}

TEST_CASE("elementwise: NaN passes through, infinity is not finite") {
    if (!vulkan().available())
        return;
    const float inf = std::numeric_limits<float>::infinity(), nan = std::nanf("");
    const std::vector<float> x{nan, inf, -inf, 0.0f, 1.0f};
    for (const char* op :
         {"exp", "log", "tanh", "relu", "sigmoid", "abs", "sqrt", "erf", "expm1", "log1p"})
        CHECK(std::isnan(unary(op, x)[0]));
    CHECK(unary("exp", x)[1] == inf);
    CHECK(unary("exp", x)[2] == 0.0f);
    CHECK(unary("tanh", x)[2] == -1.0f);
    const auto finite =
        vulkan().run({"is_finite", {}, {Tensor(LM_F32, {5}, x)}, {{LM_BOOL, {5}}}})[0].bytes;
    CHECK(finite == std::vector<unsigned char>{0, 0, 0, 1, 1});
}

TEST_CASE("elementwise: binary operators broadcast as NumPy does") {
    if (!vulkan().available())
        return;
    const Tensor a(LM_F32, {2, 1, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
    const Tensor b(LM_F32, {2, 1}, std::vector<float>{10, 20});
    const auto y = vulkan().run({"add", {}, {a, b}, {{LM_F32, {2, 2, 3}}}})[0].values<float>();
    CHECK(y == std::vector<float>{11, 12, 13, 21, 22, 23, 14, 15, 16, 24, 25, 26});
    const auto less = vulkan().run({"less", {}, {a, b}, {{LM_BOOL, {2, 2, 3}}}})[0].bytes;
    CHECK(less == std::vector<unsigned char>(12, 1));
}

TEST_CASE("elementwise: casts between all types that training uses") {
    if (!vulkan().available())
        return;
    const Tensor i64(LM_I64, {5}, std::vector<int64_t>{-1, 0, 7, 1ll << 40, -(1ll << 40)});
    const auto cast = [&](const Tensor& t, const char* name, lm_dtype to) {
        return vulkan().run({"cast", {{"dtype", std::string(name)}}, {t}, {{to, t.type.dims}}})[0];
    };
    CHECK(cast(i64, "f32", LM_F32).values<float>() ==
          std::vector<float>{-1, 0, 7, 1099511627776.0f, -1099511627776.0f});
    const Tensor f32(LM_F32, {5}, std::vector<float>{-1.9f, 0, 7.9f, 1e12f, -3e9f});
    CHECK(cast(f32, "i64", LM_I64).values<int64_t>() ==
          std::vector<int64_t>{-1, 0, 7, 999999995904, -3000000000});
    const Tensor u8(LM_U8, {7}, std::vector<uint8_t>{0, 1, 2, 127, 128, 254, 255});
    CHECK(cast(u8, "f32", LM_F32).values<float>() ==
          std::vector<float>{0, 1, 2, 127, 128, 254, 255});
    CHECK(cast(u8, "bool", LM_BOOL).bytes == std::vector<unsigned char>{0, 1, 1, 1, 1, 1, 1});
    const Tensor flag(LM_BOOL, {3}, std::vector<uint8_t>{0, 1, 1});
    CHECK(cast(flag, "f32", LM_F32).values<float>() == std::vector<float>{0, 1, 1});
}

TEST_CASE("elementwise: 64-bit integers add, multiply and compare over both words") {
    if (!vulkan().available())
        return;
    const std::vector<int64_t> x{-5, 1ll << 33, 0xffffffff, -(1ll << 50)}, y{3, -7, 1, -2};
    const Tensor a(LM_I64, {4}, x), b(LM_I64, {4}, y);
    const auto run = [&](const char* op) {
        return vulkan().run({op, {}, {a, b}, {{LM_I64, {4}}}})[0].values<int64_t>();
    };
    for (size_t i = 0; i < 4; ++i) {
        CHECK(run("add")[i] == x[i] + y[i]);
        CHECK(run("sub")[i] == x[i] - y[i]);
        CHECK(run("mul")[i] == x[i] * y[i]);
        CHECK(run("maximum")[i] == std::max(x[i], y[i]));
    }
}

TEST_CASE("elementwise: a fused program gives several outputs of several types") {
    if (!vulkan().available())
        return;
    const Tensor x(LM_F32, {5}, std::vector<float>{-2, -1, 0, 1, 2});
    const Tensor y(LM_F32, {1}, std::vector<float>{0.5f});
    const NodeSpec spec{"fused_elementwise",
                        {{"program", std::string("mul i0 i1;add t0 c1;relu t1;greater t2 c0.75;"
                                                 "pow t1 c2;select t3 t4 c-1")},
                         {"outputs", plugin::Dims{2, 3, 5}}},
                        {x, y},
                        {{LM_F32, {5}}, {LM_BOOL, {5}}, {LM_F32, {5}}}};
    const auto out = vulkan().run(spec);
    CHECK(out[0].values<float>() == std::vector<float>{0, 0.5f, 1, 1.5f, 2});
    CHECK(out[1].bytes == std::vector<unsigned char>{0, 0, 1, 1, 1});
    CHECK(out[2].values<float>() == std::vector<float>{-1, -1, 1, 2.25f, 4});
}

TEST_CASE("elementwise: more buffers than the device binds give the same bits in several passes") {
    if (!vulkan().available())
        return;
    const auto reals = [](plugin::Dims dims, uint64_t seed) {
        return random_tensor(std::move(dims), seed);
    };
    const plugin::Dims x{37, 501};
    const auto f32 = [](const plugin::Dims& dims) { return plugin::TensorType{LM_F32, dims}; };
    const auto half = [&](const Tensor& t) {
        return vulkan().run(
            {"cast", {{"dtype", std::string("f16")}}, {t}, {{LM_F16, t.type.dims}}})[0];
    };
    const Tensor counts(LM_I64, {501}, std::vector<int64_t>(501, (int64_t{5} << 32) - 7));
    const std::vector<NodeSpec> programs{
        // Adam: weights, both moments, a gradient, the rate and the step.
        {"fused_elementwise",
         {{"program",
           std::string("add i5 c1;pow c0.9 t0;sub c1 t1;pow c0.999 t0;sub c1 t3;sqrt t4;mul i4 t5;"
                       "div t6 t2;sub i3 i1;mul t8 c0.1;add i1 t9;square i3;sub t11 i2;"
                       "mul t12 c0.001;add i2 t13;mul t10 t7;sqrt t14;add t16 c1e-07;div t15 t17;"
                       "sub i0 t18")},
          {"outputs", plugin::Dims{10, 14, 19}}},
         {reals(x, 1), reals(x, 2), random_tensor(x, 3, Fill::near_one), reals(x, 4),
          Tensor(LM_F32, {}, std::vector<float>{0.01f}), Tensor(LM_F32, {}, std::vector<float>{3})},
         {f32(x), f32(x), f32(x)}},
        // Sums in f16 that are rounded once, at the end; truth values and whole numbers on the way.
        {"fused_elementwise",
         {{"program", std::string("add i0 i1;add t0 i2;greater t1 i3;add t1 i3;select t2 t3 i0;"
                                  "cast_f32 t4;less i4 c7;select t6 t5 c2")},
          {"outputs", plugin::Dims{4, 2, 7, 4}}},
         {half(reals(x, 1)), half(reals({501}, 2)), half(reals({37, 1}, 3)), half(reals(x, 4)),
          counts},
         {{LM_F16, x}, {LM_BOOL, x}, f32(x), {LM_F16, x}}},
    };
    for (const NodeSpec& spec : programs) {
        const auto expected = vulkan().run(spec);
        // One chunk of temporaries, and several.
        for (BackendUnderTest* device : {&least_vulkan(), &narrow_vulkan(8)}) {
            const auto got = device->run(spec);
            for (size_t j = 0; j < got.size(); ++j) {
                INFO("output " << j);
                CHECK(got[j].bytes == expected[j].bytes);
            }
        }
    }
}

TEST_CASE("movement: transpose, pad, slice, broadcast and concat put elements where they belong") {
    if (!vulkan().available())
        return;
    using plugin::Dims;
    const Tensor x(LM_F32, {2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6});
    const auto run = [&](const char* op, Attrs attrs, std::vector<Tensor> in, Dims dims) {
        return vulkan()
            .run({op, std::move(attrs), std::move(in), {{LM_F32, std::move(dims)}}})[0]
            .values<float>();
    };
    CHECK(run("transpose", {{"perm", Dims{1, 0}}}, {x}, {3, 2}) ==
          std::vector<float>{1, 4, 2, 5, 3, 6});
    CHECK(run("pad", {{"low", Dims{1, 0}}, {"high", Dims{0, 1}}, {"value", 9.0}}, {x}, {3, 4}) ==
          std::vector<float>{9, 9, 9, 9, 1, 2, 3, 9, 4, 5, 6, 9});
    CHECK(run("slice", {{"begin", Dims{0, 2}}, {"size", Dims{2, 1}}, {"strides", Dims{1, 1}}}, {x},
              {2, 1}) == std::vector<float>{3, 6});
    CHECK(run("broadcast_to", {{"shape", Dims{2, 2, 3}}}, {x}, {2, 2, 3}) ==
          std::vector<float>{1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6});
    const Tensor y(LM_F32, {2, 1}, std::vector<float>{7, 8});
    CHECK(run("concat", {{"axis", int64_t{1}}}, {x, y}, {2, 4}) ==
          std::vector<float>{1, 2, 3, 7, 4, 5, 6, 8});
}
