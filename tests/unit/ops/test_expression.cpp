#include <bit>
#include <limits>

#include <catch2/catch.hpp>

#include "lamina/plugin/expression.hpp"

using namespace lamina::plugin;
using Catch::Matchers::Contains;

namespace {
std::string round_trip(const char* text) { return Expression::parse(text).text(); }
std::string refusal(const char* text) {
    try {
        Expression::parse(text);
        return "";
    } catch (const Error& e) {
        return e.what();
    }
}
} // namespace

TEST_CASE("expression: text and instructions are two forms of one program") {
    const Expression e = Expression::parse("mul i0 i1;add t0 c1;relu t1");
    REQUIRE(e.instructions.size() == 3);
    CHECK(e.instructions[0].op == Element::mul);
    CHECK(e.instructions[1].args[0] == Argument{Argument::Kind::temp, 0, 0});
    CHECK(e.instructions[1].args[1] == Argument{Argument::Kind::constant, 0, 1.0f});
    CHECK(e.n_inputs() == 2);
    CHECK(e.text() == "mul i0 i1;add t0 c1;relu t1");
    CHECK(round_trip("cast_bool i0;select t0 i1 c-1e-07") == "cast_bool i0;select t0 i1 c-1e-07");
}

TEST_CASE("expression: constants keep every bit") {
    for (const float value : {0.1f, -1e-7f, 1.0f / 3.0f, 1e-42f, 3.4028235e38f,
                              std::numeric_limits<float>::infinity(), -0.0f}) {
        Expression e = Expression::parse("add i0 c0");
        e.instructions[0].args[1].value = value;
        const float back = Expression::parse(e.text()).instructions[0].args[1].value;
        CHECK(std::bit_cast<uint32_t>(back) == std::bit_cast<uint32_t>(value));
    }
}

TEST_CASE("expression: what is wrong is said with the instruction") {
    CHECK_THAT(refusal(""), Contains("no elementwise operator"));
    CHECK_THAT(refusal("frobnicate i0"), Contains("`frobnicate`"));
    CHECK_THAT(refusal("add i0"), Contains("add takes 2 arguments, `add i0` has 1"));
    CHECK_THAT(refusal("neg i0;add t1 i0"), Contains("`t1`") && Contains("earlier instruction"));
    CHECK_THAT(refusal("add i0 c1.5x"), Contains("`c1.5x`") && Contains("not a float"));
    CHECK_THAT(refusal("add i0 q1"), Contains("`q1`"));
    CHECK_THAT(refusal("add i0 i-1"), Contains("`i-1`"));
    CHECK_THAT(refusal("cast i0"), Contains("cast_f32"));
    CHECK_THAT(refusal("cast_f31 i0"), Contains("f31"));
    CHECK_THAT(refusal("neg i0;"), Contains("no elementwise operator"));
}

TEST_CASE("expression: dtypes follow the operators, constants their neighbours") {
    const lm_dtype inputs[] = {LM_F32, LM_I64};
    const auto dtypes = [&](const char* text) { return Expression::parse(text).dtypes(inputs); };
    CHECK(dtypes("greater i0 c0;select t0 i0 c0").back() == LM_F32);
    CHECK(dtypes("greater i0 c0;select t0 i0 c0").front() == LM_BOOL);
    CHECK(dtypes("add i1 c1").back() == LM_I64);
    CHECK(dtypes("equal i1 c1;select t0 i1 c0").back() == LM_I64);
    CHECK(dtypes("cast_f16 i1").back() == LM_F16);
    CHECK_THROWS_WITH(dtypes("add i0 i1"), Contains("add: expected operands of one dtype"));
    CHECK_THROWS_WITH(dtypes("exp i1"), Contains("floating-point"));
    CHECK_THROWS_WITH(dtypes("logical_not i0"), Contains("expected bool, got f32"));
    CHECK_THROWS_WITH(dtypes("select i0 i0 i0"), Contains("bool condition"));
    CHECK_THROWS_WITH(dtypes("add i0 i2"), Contains("reads input 2 of 2"));
}
