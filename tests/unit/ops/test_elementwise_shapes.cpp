#include "build.hpp"
#include "lamina/plugin/broadcast.hpp"
#include "lamina/plugin/expression.hpp"
#include "lamina/registry.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Matchers::Contains;

TEST_CASE("operators: every schema is read and every default has its type") {
    const auto names = Registry::global().names("operator");
    CHECK(names.size() > 70);
    for (const std::string& name : names) {
        INFO(name);
        CHECK_NOTHROW(find_operator(name));
    }
}

TEST_CASE("elementwise: each name of an expression is an operator that may join a cluster") {
    for (const plugin::ElementInfo& info : plugin::element_table) {
        INFO(info.name);
        CHECK(find_operator(info.name)->elementwise());
        Build b;
        const lm_dtype dtype = info.rule == plugin::ElementRule::logic ? LM_BOOL : LM_F32;
        Values inputs;
        for (int i = 0; i < info.arity; ++i)
            inputs.push_back(b.input({2, 3}, dtype));
        if (info.op == plugin::Element::select)
            inputs[0] = b.input({2, 3}, LM_BOOL);
        Attrs attrs;
        if (info.op == plugin::Element::cast)
            attrs.emplace_back("dtype", "i32");
        std::vector<lm_dtype> dtypes;
        for (const Value& v : inputs)
            dtypes.push_back(v.dtype());
        const lm_dtype expected = plugin::element_dtype(info, dtypes, LM_I32);
        CHECK(b.node(info.name, inputs, attrs).type() == plugin::TensorType{expected, {2, 3}});
        inputs.pop_back();
        CHECK_THAT(refusal(b, info.name, inputs, attrs), Contains("input"));
    }
}

TEST_CASE("elementwise: shapes broadcast as in numpy") {
    Build b;
    CHECK(add(b.input({4, 1, 3}), b.input({5, 1})).shape() == Dims{4, 5, 3});
    CHECK(add(b.input({}), b.input({2, 0})).shape() == Dims{2, 0});
    CHECK(add(b.input({1}), b.input({0})).shape() == Dims{0});
    CHECK(select(b.input({2, 1}, LM_BOOL), b.input({3}), b.input({1, 1, 1})).shape() ==
          Dims{1, 2, 3});
    CHECK_THAT(refusal(b, "add", {b.input({2, 3}), b.input({2})}),
               Contains("add: the shapes [2, 3], [2] do not broadcast"));
}

TEST_CASE("elementwise: broadcast strides are 0 where a tensor stretches") {
    CHECK(plugin::broadcast_strides(Dims{4, 1, 3}, Dims{2, 4, 5, 3}) == Dims{0, 3, 0, 1});
    CHECK(plugin::broadcast_strides(Dims{}, Dims{2, 2}) == Dims{0, 0});
}

TEST_CASE("elementwise: dtypes are never mixed in silence") {
    Build b;
    CHECK_THAT(refusal(b, "add", {b.input({2}), b.input({2}, LM_I64)}),
               Contains("add: expected operands of one dtype, got f32, i64; cast"));
    CHECK_THAT(refusal(b, "exp", {b.input({2}, LM_I32)}), Contains("exp: expected floating"));
    CHECK_THAT(refusal(b, "add", {b.input({2}, LM_BOOL), b.input({2}, LM_BOOL)}),
               Contains("expected numbers"));
    CHECK_THAT(refusal(b, "cast", {b.input({2})}, {{"dtype", "f33"}}), Contains("f33"));
    CHECK(cast(b.input({2}, LM_U8), LM_F32).dtype() == LM_F32);
}

TEST_CASE("fused_elementwise: several results of one program, all of the broadcast shape") {
    Build b;
    const Values y = b.nodes("fused_elementwise", {b.input({4, 3}), b.input({3})},
                             {{"program", "mul i0 i1;greater i1 c0"}, {"outputs", Dims{1, 0}}});
    REQUIRE(y.size() == 2);
    CHECK(y[0].type() == plugin::TensorType{LM_BOOL, {4, 3}});
    CHECK(y[1].type() == f32({4, 3}));
    CHECK_THAT(refusal(b, "fused_elementwise", {b.input({3})},
                       {{"program", "neg i0"}, {"outputs", Dims{1}}}),
               Contains("output t1"));
    CHECK_THAT(refusal(b, "fused_elementwise", {b.input({3})},
                       {{"program", "neg i0"}, {"outputs", Dims{}}}),
               Contains("empty"));
    CHECK_THAT(refusal(b, "fused_elementwise", {b.input({3})},
                       {{"program", "add i0 i1"}, {"outputs", Dims{0}}}),
               Contains("reads input 1 of 1"));
}
