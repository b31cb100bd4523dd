// Elementwise operators: alone, broadcasting, on special values, on other dtypes, and fused.
#include <limits>

#include "case.hpp"
#include "cases/shapes.hpp"

namespace lamina::conformance {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::string text(DType dtype) { return std::string(name(dtype)); }

struct Unary {
    const char* op;
    Limit limit;
    double low = -3, high = 3;
    bool differentiable = true;
};

const std::vector<Unary> unary_operators{
    {"neg", exact()},
    {"abs", exact()},
    {"sign", exact(), -3, 3, false},
    {"exp", function()},
    {"expm1", function()},
    {"log", function(), 0.01, 50},
    {"log1p", function(), -0.9, 50},
    {"sqrt", rounded(), 0.01, 50},
    {"rsqrt", rounded(), 0.01, 50},
    {"reciprocal", rounded(), 0.1, 9},
    {"square", rounded()},
    {"sin", function()},
    {"cos", function()},
    {"tanh", function(), -2, 2}, // further out 1 - y, and with it the gradient, loses its digits
    {"sigmoid", function(), -3, 3},
    {"softplus", function(), -20, 20},
    {"relu", exact()},
    {"erf", function()},
    {"floor", exact(), -9, 9, false},
    {"ceil", exact(), -9, 9, false},
    {"round", exact(), -9, 9, false},
    {"is_finite", exact(), -3, 3, false},
    {"copy", exact()},
};

CONFORMANCE_CASES(unary) {
    const auto add = [&](const std::string& op, const std::string& what, const Input& x,
                         const Limit& limit, bool differentiable = false) {
        cases.push_back({op + "/" + what,
                         op,
                         {x},
                         {},
                         limit,
                         {},
                         differentiable ? std::vector<size_t>{0} : std::vector<size_t>{}});
    };
    for (const Unary& u : unary_operators) {
        for (const Shape& shape : odd_shapes())
            add(u.op, shape.to_string(), {shape, uniform(u.low, u.high)}, u.limit,
                u.differentiable);
        for (const DType dtype : {DType::F64, DType::F16, DType::BF16})
            add(u.op, text(dtype), {{37}, uniform(u.low, u.high), dtype}, u.limit);
    }
    for (const char* op : {"neg", "abs", "sign", "relu", "floor", "ceil", "round", "is_finite",
                           "copy", "square", "sqrt", "exp", "tanh", "sigmoid", "softplus"})
        add(op, "special",
            {{13}, cycle({0.0, -0.0, 1, inf, nan, 0.5, 1.5, 2.5, 80, inf, nan, 3, 7})}, function());
    for (const char* op : {"neg", "abs", "sign", "relu", "round", "floor", "is_finite", "tanh"})
        add(op, "negative_special", {{6}, cycle({-inf, nan, -0.5, -1.5, -2.5, -1e30})}, function());
    for (const char* op : {"tanh", "sigmoid", "softplus", "erf"})
        add(op, "wide", {{1021}, uniform(-30, 30)}, function());
    for (const char* op : {"neg", "abs", "sign", "relu", "square"})
        for (const DType dtype : {DType::I32, DType::I64})
            add(op, text(dtype), {{37}, integers(-99, 99), dtype}, exact());
    for (const Shape& shape : odd_shapes())
        add("logical_not", shape.to_string(), {shape, integers(0, 1), DType::Bool}, exact());
}

struct Binary {
    const char* op;
    Limit limit;
    double low = -3, high = 3; // of the first; the second stays clear of 0
    bool differentiable = true;
};

const std::vector<Binary> binary_operators{
    {"add", rounded()},
    {"sub", rounded()},
    {"mul", rounded()},
    {"div", rounded()},
    {"pow", function(), 0.1, 4},
    {"maximum", exact()},
    {"minimum", exact()},
    {"equal", exact(), -3, 3, false},
    {"not_equal", exact(), -3, 3, false},
    {"less", exact(), -3, 3, false},
    {"less_equal", exact(), -3, 3, false},
    {"greater", exact(), -3, 3, false},
    {"greater_equal", exact(), -3, 3, false},
};

/// Two equal shapes, a bias for each channel, a factor for each sample, and what numpy stretches.
std::vector<std::pair<Shape, Shape>> pairs_of_shapes() {
    std::vector<std::pair<Shape, Shape>> pairs{
        {{5, 7}, {7}},
        {{5, 1}, {7}},
        {{}, {129}},
        {{2, 3, 5, 7}, {3, 1, 7}},
        {{129, 33}, {1}},
        {{1}, {2, 1, 3}},
        {{128, 10}, {10}},
        {{10}, {128, 10}},
        {{1, 127}, {127, 1}},
        {{129, 1}, {1, 33}},
        {{3, 28, 28, 20}, {20}},
        {{2, 20, 14, 14}, {20, 1, 1}},
        {{2, 7, 7, 13}, {2, 1, 1, 1}},
        {{2, 7, 7, 13}, {2, 1, 1, 13}},
        {{2, 7, 7, 1}, {13}},
        {{1, 3, 1, 5, 1}, {2, 1, 4, 1, 6}},
        {{1, 35, 35, 16}, {1, 35, 35, 16}},
    };
    for (const Shape& shape : odd_shapes())
        if (shape.rank() < 3)
            pairs.emplace_back(shape, shape);
    return pairs;
}

CONFORMANCE_CASES(binary) {
    const std::vector<std::pair<Shape, Shape>> shapes = pairs_of_shapes();
    for (const Binary& b : binary_operators) {
        const std::string op = b.op;
        const auto add = [&](const std::string& what, const Input& x, const Input& y,
                             const Limit& limit, bool differentiable = false) {
            cases.push_back({op + "/" + what,
                             op,
                             {x, y},
                             {},
                             limit,
                             {},
                             differentiable ? std::vector<size_t>{0, 1} : std::vector<size_t>{}});
        };
        for (const auto& [x, y] : shapes)
            add(x.to_string() + y.to_string(), {x, uniform(b.low, b.high)}, {y, uniform(0.5, 3)},
                b.limit, b.differentiable);
        add("f64", {{37}, uniform(b.low, b.high), DType::F64}, {{37}, uniform(0.5, 3), DType::F64},
            b.limit);
        // Few values, so that many tie.
        add("ties", {{129}, integers(1, 3)}, {{129}, integers(1, 3)}, b.limit, b.differentiable);
        if (op == "div" || op == "pow")
            continue;
        add("special", {{16}, cycle({1, nan, inf, -inf})},
            {{16}, cycle({2, 2, 2, 2, nan, nan, inf, 3})}, b.limit);
        for (const DType dtype : {DType::I32, DType::I64})
            add(text(dtype), {{5, 7}, integers(-9, 9), dtype}, {{7}, integers(-9, 9), dtype},
                exact());
    }
    for (const auto& [x, y] : shapes)
        for (const char* op : {"logical_and", "logical_or"})
            cases.push_back({op + ("/" + x.to_string()) + y.to_string(),
                             op,
                             {{x, integers(0, 1), DType::Bool}, {y, integers(0, 1), DType::Bool}},
                             {},
                             exact()});
}

CONFORMANCE_CASES(select) {
    const auto add = [&](const std::string& what, const Shape& choice, const Input& x,
                         const Input& y) {
        cases.push_back(
            {"select/" + what,
             "select",
             {{choice, integers(0, 1), DType::Bool}, x, y},
             {},
             exact(),
             {},
             x.dtype == DType::F32 ? std::vector<size_t>{1, 2} : std::vector<size_t>{}});
    };
    for (const auto& [x, y] : pairs_of_shapes()) {
        add(x.to_string() + y.to_string(), x, {x, uniform()}, {y, uniform()});
        if (x != y)
            add("stretched" + y.to_string() + x.to_string(), y, {y, uniform()}, {x, uniform()});
    }
    add("broadcast", {5, 1}, {{3, 1, 7}, uniform()}, {{}, uniform()});
    for (const DType dtype : {DType::I32, DType::I64, DType::U8, DType::F16})
        add(text(dtype), {5, 7}, {{5, 7}, integers(0, 9), dtype}, {{7}, integers(0, 9), dtype});
}

CONFORMANCE_CASES(cast) {
    const std::vector<DType> dtypes{DType::F32, DType::F64,  DType::I32, DType::I64,
                                    DType::U8,  DType::Bool, DType::F16, DType::BF16};
    const auto add = [&](const std::string& what, const Input& x, DType to) {
        cases.push_back({"cast/" + what, "cast", {x}, {{"dtype", text(to)}}, exact()});
    };
    for (const DType from : dtypes)
        for (const DType to : dtypes)
            add(text(from) + "_to_" + text(to), {{127}, integers(0, 100), from}, to);
    // The gradient is a cast back.
    const std::vector<DType> real{DType::F16, DType::BF16, DType::F64, DType::F32};
    for (size_t i = 0; i < odd_shapes().size(); ++i) {
        const DType to = real[i % real.size()];
        cases.push_back({"cast/" + odd_shapes()[i].to_string() + "_to_" + text(to),
                         "cast",
                         {{odd_shapes()[i], uniform()}},
                         {{"dtype", text(to)}},
                         exact(),
                         {},
                         {0}});
    }
    add("fractions_to_i32", {{129}, uniform(-100, 100)}, DType::I32);
    add("fractions_to_bool", {{5}, cycle({0, 0.5, -0.25, nan, inf})}, DType::Bool);
}

CONFORMANCE_CASES(fused) {
    const auto add = [&](const std::string& what, const char* program, std::vector<int64_t> outputs,
                         std::vector<Input> inputs, Limit limit = function()) {
        cases.push_back({"fused_elementwise/" + what,
                         "fused_elementwise",
                         std::move(inputs),
                         {{"program", std::string(program)}, {"outputs", std::move(outputs)}},
                         limit});
    };
    const Input x{{13, 17}, uniform()}, bias{{17}, uniform()}, column{{13, 1}, uniform()},
        scalar{{}, uniform(0.5, 1)}, vector{{129}, uniform()};
    add("bias_relu", "add i0 i1;relu t0", {1}, {x, bias}, rounded());
    for (const Shape& shape : odd_shapes()) {
        const Shape channels = shape.empty() ? Shape{} : Shape{shape.back()};
        add("scaled_bias_relu/" + shape.to_string(), "mul i0 i1;add t0 i2;relu t1", {2},
            {{shape, uniform()}, {channels, uniform()}, {{}, uniform()}}, rounded());
    }
    add("relu_gradient", "greater i0 c0;select t0 i1 c0", {1}, {x, x}, exact());
    add("two_outputs", "mul i0 i1;add t0 c1;exp t1", {0, 2}, {x, column});
    add("bool_output", "less i0 i1;select t0 i0 i1", {0, 1}, {x, scalar}, exact());
    add("casts", "round i0;cast_i32 t0;cast_f32 t1;sub i0 t2", {3}, {{{129}, uniform(-9, 9)}},
        rounded());
    add("all_broadcast", "add i0 i1;mul t0 i2", {1}, {column, bias, scalar}, rounded());
    add("constants", "minimum i0 cinf;maximum t0 c-1e-07;add t1 c2.5", {2}, {x}, rounded());
    add("adam",
        "mul i1 c0.9;mul i0 c0.1;add t0 t1;mul i2 c0.999;square i0;mul t4 c0.001;add t3 t5;"
        "sqrt t6;add t7 c1e-07;div t2 t8;mul t9 i4;sub i3 t10",
        {2, 6, 11}, {vector, vector, {{129}, uniform(0.1, 1)}, vector, scalar});
    add("dropout", "less i0 c0.7;select t0 i1 c0;mul t1 c1.4285715", {2},
        {{{7, 127}, uniform(0, 1)}, {{7, 127}, uniform()}}, rounded());
    add("every_function",
        "tanh i0;sigmoid t0;softplus t1;exp t2;log t3;log1p t4;sqrt t5;rsqrt t6;sin t7;cos t8;"
        "erf t9;expm1 t10;reciprocal t11;abs t12;neg t13;pow t13 c0.5",
        {14, 15}, {x}, function(10));
    add("every_choice",
        "floor i0;ceil i0;sign i0;round i0;copy t0;is_finite i0;logical_not t5;not_equal t0 t1;"
        "equal t0 t3;less_equal t0 i0;logical_and t7 t9;logical_or t8 t6;logical_or t10 t11;select "
        "t12 t2 t3",
        {4, 12, 13}, {{{129}, uniform(-9, 9)}}, exact());
}

} // namespace
} // namespace lamina::conformance
