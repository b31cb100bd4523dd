#include "lamina/plugin/expression.hpp"
#include "openblas/compare.hpp"

using namespace lamina::test;
using lamina::plugin::element_table;
using lamina::plugin::ElementRule;

namespace {

/// Ordinary numbers of all sizes, and the edges.
Tensor edges(std::int64_t count, unsigned seed) {
    Tensor t = fractions({count}, seed);
    const float specials[] = {0.0f,   -0.0f, 1.0f,   -1.0f, INFINITY, -INFINITY, NAN,
                              1e-30f, 1e30f, -1e30f, 88.0f, -88.0f,   120.0f,    -120.0f,
                              9.0f,   -9.0f, 0.5f,   -0.5f, 2.5f,     1e-8f,     -1e-8f};
    for (std::int64_t i = 0; i < count; ++i) {
        const std::int64_t kind = i % 4;
        float& x = t.data()[i];
        if (kind == 1)
            x *= 8.0f;
        else if (kind == 2)
            x *= 60.0f;
        else if (kind == 3)
            x = specials[static_cast<std::size_t>(i / 4 + seed) % std::size(specials)];
    }
    return t;
}

/// The worst error in units of the last place of the wanted value.
double worst_ulps(const Tensor& x, const Tensor& got, const Tensor& want) {
    double worst = 0;
    for (std::int64_t i = 0; i < want.size(); ++i) {
        const float a = got.data()[i], b = want.data()[i];
        INFO("x " << x.data()[i] << " got " << a << " want " << b);
        CHECK(std::isnan(a) == std::isnan(b));
        if (std::isnan(b) || a == b)
            continue;
        const float unit = std::nextafter(std::fabs(b), INFINITY) - std::fabs(b);
        const double error =
            std::isinf(a) || std::isinf(b) ? 1e30 : std::abs(double{a} - double{b}) / double{unit};
        CHECK(error <= 8.0);
        worst = std::max(worst, error);
    }
    return worst;
}

} // namespace

TEST_CASE("elementwise: every function is within 8 ulp, with IEEE's answers at the edges") {
    const Library fast("openblas"), reference("reference");
    for (const auto& info : element_table) {
        if (info.rule != ElementRule::floating && info.rule != ElementRule::number)
            continue;
        TestNode node{info.name, {}, {}, {{LM_F32, {1021}}}};
        for (int i = 0; i < info.arity; ++i)
            node.inputs.push_back(edges(1021, static_cast<unsigned>(i + 1)));
        const auto want = run(*reference.kernels.at(info.name).front(), node);
        const auto got = run(*fast.kernels.at(info.name).front(), node);
        INFO(info.name);
        worst_ulps(node.inputs.front(), got.front(), want.front());
    }
}

TEST_CASE("elementwise: comparisons, logic and casts give the reference's bits") {
    const Tensor a = edges(700, 1), b = edges(700, 3);
    for (const char* op : {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"})
        compare({op, {}, {a, b}, {{LM_BOOL, {700}}}}, 0.0);
    compare({"is_finite", {}, {a}, {{LM_BOOL, {700}}}}, 0.0);
    Tensor flags(LM_BOOL, {700}), others(LM_BOOL, {700});
    for (int i = 0; i < 700; ++i) {
        flags.bytes[static_cast<std::size_t>(i)] = i % 3 == 0;
        others.bytes[static_cast<std::size_t>(i)] = i % 2 == 0;
    }
    compare({"logical_not", {}, {flags}, {{LM_BOOL, {700}}}}, 0.0);
    compare({"logical_and", {}, {flags, others}, {{LM_BOOL, {700}}}}, 0.0);
    compare({"logical_or", {}, {flags, others}, {{LM_BOOL, {700}}}}, 0.0);
    compare({"select", {}, {flags, a, b}, {{LM_F32, {700}}}}, 0.0);
    compare({"cast", {{"dtype", "f32"}}, {flags}, {{LM_F32, {700}}}}, 0.0);
    for (const auto& [name, dtype] :
         {std::pair{"i32", LM_I32}, std::pair{"u8", LM_U8}, std::pair{"i64", LM_I64},
          std::pair{"f16", LM_F16}, std::pair{"bf16", LM_BF16}, std::pair{"f64", LM_F64}})
        compare({"cast", {{"dtype", name}}, {a}, {{dtype, {700}}}}, 0.0);
}

TEST_CASE("elementwise: broadcasting reads every pattern of strides") {
    const Dims shape{3, 5, 7, 11};
    for (const Dims& other : {Dims{}, Dims{11}, Dims{7, 11}, Dims{7, 1}, Dims{3, 1, 1, 1},
                              Dims{3, 1, 7, 1}, Dims{5, 1, 11}, Dims{1, 5, 1, 1}, shape})
        for (const char* op : {"add", "sub", "div"})
            compare({op, {}, {numbers(shape, 1), fractions(other, 2)}, {{LM_F32, shape}}}, 0.0);
    compare({"mul", {}, {numbers({4, 1}, 1), numbers({5000}, 2)}, {{LM_F32, {4, 5000}}}}, 0.0);
}

TEST_CASE("elementwise: a fused program gives what its operators give one by one") {
    const std::string adam = "mul i0 c0.9;mul i1 c0.1;add t0 t1;mul i2 c0.999;square i1;"
                             "mul t4 c0.001;add t3 t5;sqrt t6;add t7 c1e-07;mul i3 t2;div t9 t8;"
                             "sub i4 t10";
    const Dims shape{37, 101};
    Tensor second = numbers(shape, 3);
    for (std::int64_t i = 0; i < second.size(); ++i)
        second.data()[i] = std::fabs(second.data()[i]);
    compare({"fused_elementwise",
             {{"program", adam.c_str()}, {"outputs", Dims{2, 6, 11}}},
             {numbers(shape, 1), numbers(shape, 2), second, fractions({}, 4), fractions(shape, 5)},
             {{LM_F32, shape}, {LM_F32, shape}, {LM_F32, shape}}},
            1e-6);
    compare({"fused_elementwise",
             {{"program", "greater i0 c0;select t0 i1 c0;cast_i32 t1;cast_f32 t2;add t3 i0"},
              {"outputs", Dims{4, 2}}},
             {numbers(shape, 1), numbers({101}, 2)},
             {{LM_F32, shape}, {LM_I32, shape}}},
            0.0);
}
