/// Elementwise operators and the little programs made of them: what `fused_elementwise` carries in
/// its attribute `program`, and convolutions and matrix products in `epilogue`.
///
///     program     = instruction { ";" instruction }
///     instruction = operator { " " argument }
///     argument    = "i" K   input K of the node (in an epilogue: i0 is the product, i1.. the
///     extras)
///                 | "t" K   the result of instruction K, counted from 0; an earlier one
///                 | "c" V   a constant, the shortest text that gives the float: c0.1, c-1e-07,
///                 cinf
///
/// The operators are the elementwise ones by their names; `cast` names its dtype: cast_f32.
/// A constant takes the dtype of the operands beside it, f32 where there is none.
///
///     mul i0 i1;add t0 c1;relu t1
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lamina/plugin/node.hpp"

namespace lamina::plugin {

enum class Element : uint8_t {
    neg,
    abs,
    sign,
    exp,
    expm1,
    log,
    log1p,
    sqrt,
    rsqrt,
    reciprocal,
    square,
    sin,
    cos,
    tanh,
    sigmoid,
    softplus,
    relu,
    erf,
    floor,
    ceil,
    round,
    logical_not,
    is_finite,
    copy,
    cast,
    add,
    sub,
    mul,
    div,
    pow,
    maximum,
    minimum,
    equal,
    not_equal,
    less,
    less_equal,
    greater,
    greater_equal,
    logical_and,
    logical_or,
    select,
};

/// Which operands an elementwise operator takes, and what it gives.
enum class ElementRule : uint8_t {
    number,   // f16 bf16 f32 f64 i32 i64, all the same -> the same
    floating, // f16 bf16 f32 f64, all the same -> the same
    same,     // any -> the same
    compare,  // any, all the same -> bool
    test,     // floating -> bool
    logic,    // bool -> bool
    select,   // bool, then any two of one dtype -> that dtype
    cast,     // any -> the dtype it names
};

struct ElementInfo {
    Element op;
    const char* name;
    int arity;
    ElementRule rule;
};

/// In the order of Element.
inline constexpr ElementInfo element_table[] = {
    {Element::neg, "neg", 1, ElementRule::number},
    {Element::abs, "abs", 1, ElementRule::number},
    {Element::sign, "sign", 1, ElementRule::number},
    {Element::exp, "exp", 1, ElementRule::floating},
    {Element::expm1, "expm1", 1, ElementRule::floating},
    {Element::log, "log", 1, ElementRule::floating},
    {Element::log1p, "log1p", 1, ElementRule::floating},
    {Element::sqrt, "sqrt", 1, ElementRule::floating},
    {Element::rsqrt, "rsqrt", 1, ElementRule::floating},
    {Element::reciprocal, "reciprocal", 1, ElementRule::floating},
    {Element::square, "square", 1, ElementRule::number},
    {Element::sin, "sin", 1, ElementRule::floating},
    {Element::cos, "cos", 1, ElementRule::floating},
    {Element::tanh, "tanh", 1, ElementRule::floating},
    {Element::sigmoid, "sigmoid", 1, ElementRule::floating},
    {Element::softplus, "softplus", 1, ElementRule::floating},
    {Element::relu, "relu", 1, ElementRule::number},
    {Element::erf, "erf", 1, ElementRule::floating},
    {Element::floor, "floor", 1, ElementRule::floating},
    {Element::ceil, "ceil", 1, ElementRule::floating},
    {Element::round, "round", 1, ElementRule::floating},
    {Element::logical_not, "logical_not", 1, ElementRule::logic},
    {Element::is_finite, "is_finite", 1, ElementRule::test},
    {Element::copy, "copy", 1, ElementRule::same},
    {Element::cast, "cast", 1, ElementRule::cast},
    {Element::add, "add", 2, ElementRule::number},
    {Element::sub, "sub", 2, ElementRule::number},
    {Element::mul, "mul", 2, ElementRule::number},
    {Element::div, "div", 2, ElementRule::floating},
    {Element::pow, "pow", 2, ElementRule::floating},
    {Element::maximum, "maximum", 2, ElementRule::number},
    {Element::minimum, "minimum", 2, ElementRule::number},
    {Element::equal, "equal", 2, ElementRule::compare},
    {Element::not_equal, "not_equal", 2, ElementRule::compare},
    {Element::less, "less", 2, ElementRule::compare},
    {Element::less_equal, "less_equal", 2, ElementRule::compare},
    {Element::greater, "greater", 2, ElementRule::compare},
    {Element::greater_equal, "greater_equal", 2, ElementRule::compare},
    {Element::logical_and, "logical_and", 2, ElementRule::logic},
    {Element::logical_or, "logical_or", 2, ElementRule::logic},
    {Element::select, "select", 3, ElementRule::select},
};

static_assert([] {
    for (size_t i = 0; i < std::size(element_table); ++i)
        if (static_cast<size_t>(element_table[i].op) != i)
            return false;
    return true;
}());

constexpr const ElementInfo& element_info(Element op) {
    return element_table[static_cast<size_t>(op)];
}

/// nullptr when no elementwise operator has this name.
constexpr const ElementInfo* find_element(std::string_view name) {
    for (const ElementInfo& info : element_table)
        if (name == info.name)
            return &info;
    return nullptr;
}

constexpr bool is_floating(lm_dtype d) {
    return d == LM_F32 || d == LM_F64 || d == LM_F16 || d == LM_BF16;
}
constexpr bool is_index(lm_dtype d) { return d == LM_I32 || d == LM_I64; }

/// The result's dtype; `operands` are the arguments' in order. Throws what the operator refuses.
/// target: what a cast names.
inline lm_dtype element_dtype(const ElementInfo& info, std::span<const lm_dtype> operands,
                              lm_dtype target = LM_F32) {
    const auto refuse = [&](const char* wanted) {
        std::string got;
        for (const lm_dtype d : operands)
            got += (got.empty() ? "" : ", ") + std::string(dtype_name(d));
        invalid(std::string(info.name) + ": expected " + wanted + ", got " + got +
                "; cast the operands first");
    };
    const bool choose = info.rule == ElementRule::select;
    if (choose && operands[0] != LM_BOOL)
        refuse("a bool condition, then two operands of one dtype");
    const lm_dtype dtype = operands[choose ? 1 : 0];
    for (size_t i = choose ? 1 : 0; i < operands.size(); ++i)
        if (operands[i] != dtype)
            refuse(choose ? "a bool condition, then two operands of one dtype"
                          : "operands of one dtype");
    switch (info.rule) {
    case ElementRule::number:
        if (!is_floating(dtype) && !is_index(dtype))
            refuse("numbers (f16, bf16, f32, f64, i32 or i64)");
        return dtype;
    case ElementRule::floating:
        if (!is_floating(dtype))
            refuse("floating-point numbers (f16, bf16, f32 or f64)");
        return dtype;
    case ElementRule::test:
        if (!is_floating(dtype))
            refuse("floating-point numbers (f16, bf16, f32 or f64)");
        return LM_BOOL;
    case ElementRule::logic:
        if (dtype != LM_BOOL)
            refuse("bool");
        return LM_BOOL;
    case ElementRule::compare:
        return LM_BOOL;
    case ElementRule::cast:
        return target;
    case ElementRule::same:
    case ElementRule::select:
        break;
    }
    return dtype;
}

struct Argument {
    enum class Kind : uint8_t { input, temp, constant };
    Kind kind = Kind::input;
    int32_t index = 0; // of the input or the instruction
    float value = 0;   // of the constant

    bool operator==(const Argument&) const = default;
};

struct Instruction {
    Element op = Element::copy;
    lm_dtype dtype = LM_F32; // what a cast gives
    std::vector<Argument> args;

    bool operator==(const Instruction&) const = default;
};

struct Expression {
    std::vector<Instruction> instructions;

    /// Throws with the instruction and what is wrong with it.
    static Expression parse(std::string_view text);
    std::string text() const;

    /// One more than the highest input that is read.
    int64_t n_inputs() const {
        int64_t n = 0;
        for (const Instruction& instruction : instructions)
            for (const Argument& a : instruction.args)
                if (a.kind == Argument::Kind::input)
                    n = std::max<int64_t>(n, a.index + 1);
        return n;
    }
    /// The dtype of every instruction's result. Throws what an operator refuses.
    std::vector<lm_dtype> dtypes(std::span<const lm_dtype> inputs) const;

    bool operator==(const Expression&) const = default;
};

namespace detail {

inline Argument parse_argument(std::string_view word, size_t position, std::string_view at) {
    const auto refuse = [&](const char* why) {
        invalid("expression: argument `" + std::string(word) + "` of `" + std::string(at) + "` " +
                why);
    };
    Argument a;
    if (word.size() < 2)
        refuse("is not iK, tK or cV");
    const char *begin = word.data() + 1, *end = word.data() + word.size();
    if (word[0] == 'c') {
        a.kind = Argument::Kind::constant;
        if (const auto [stop, error] = std::from_chars(begin, end, a.value);
            stop != end || error != std::errc{})
            refuse("is not a float");
        return a;
    }
    if (word[0] != 'i' && word[0] != 't')
        refuse("is not iK, tK or cV");
    a.kind = word[0] == 'i' ? Argument::Kind::input : Argument::Kind::temp;
    if (const auto [stop, error] = std::from_chars(begin, end, a.index);
        stop != end || error != std::errc{} || a.index < 0)
        refuse("has no valid number");
    if (a.kind == Argument::Kind::temp && static_cast<size_t>(a.index) >= position)
        refuse("is not the result of an earlier instruction");
    return a;
}

inline Instruction parse_instruction(std::string_view text, size_t position) {
    const std::string_view whole = text;
    const auto word = [&] {
        text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
        const std::string_view w = text.substr(0, text.find(' '));
        text.remove_prefix(w.size());
        return w;
    };
    Instruction instruction;
    std::string_view name = word();
    if (name.starts_with("cast_")) {
        instruction.dtype = parse_dtype(std::string(name.substr(5)));
        name = "cast";
    } else if (name == "cast") {
        invalid("expression: `" + std::string(whole) + "`: a cast names its dtype: cast_f32");
    }
    const ElementInfo* info = find_element(name);
    if (info == nullptr)
        invalid("expression: `" + std::string(name) + "` in `" + std::string(whole) +
                "` is no elementwise operator");
    instruction.op = info->op;
    for (std::string_view w = word(); !w.empty(); w = word())
        instruction.args.push_back(parse_argument(w, position, whole));
    if (instruction.args.size() != static_cast<size_t>(info->arity))
        invalid("expression: " + std::string(name) + " takes " + std::to_string(info->arity) +
                " arguments, `" + std::string(whole) + "` has " +
                std::to_string(instruction.args.size()));
    return instruction;
}

} // namespace detail

inline Expression Expression::parse(std::string_view text) {
    Expression e;
    while (true) {
        const size_t end = text.find(';');
        e.instructions.push_back(
            detail::parse_instruction(text.substr(0, end), e.instructions.size()));
        if (end == std::string_view::npos)
            return e;
        text.remove_prefix(end + 1);
    }
}

inline std::string Expression::text() const {
    std::string out;
    for (const Instruction& instruction : instructions) {
        out += out.empty() ? "" : ";";
        out += element_info(instruction.op).name;
        if (instruction.op == Element::cast)
            out += std::string("_") + dtype_name(instruction.dtype);
        for (const Argument& a : instruction.args) {
            out += ' ';
            if (a.kind == Argument::Kind::constant) {
                char digits[32]; // to_chars, unlike printf, minds no locale
                char* const end = std::to_chars(digits, digits + sizeof digits, a.value).ptr;
                out += 'c' + std::string(digits, end);
            } else {
                out += (a.kind == Argument::Kind::input ? 'i' : 't') + std::to_string(a.index);
            }
        }
    }
    return out;
}

inline std::vector<lm_dtype> Expression::dtypes(std::span<const lm_dtype> inputs) const {
    std::vector<lm_dtype> results;
    for (const Instruction& instruction : instructions) {
        std::vector<lm_dtype> operands;
        // A constant follows the other value operands; a select's condition is none of them.
        const size_t first = instruction.op == Element::select ? 1 : 0;
        lm_dtype beside = LM_F32;
        for (size_t i = 0; i < instruction.args.size(); ++i) {
            const Argument& a = instruction.args[i];
            if (a.kind == Argument::Kind::constant) {
                operands.push_back(LM_F32);
                continue;
            }
            const auto index = static_cast<size_t>(a.index);
            if (a.kind == Argument::Kind::input && index >= inputs.size())
                invalid("expression: `" + text() + "` reads input " + std::to_string(index) +
                        " of " + std::to_string(inputs.size()));
            operands.push_back(a.kind == Argument::Kind::input ? inputs[index] : results[index]);
            if (i >= first)
                beside = operands.back();
        }
        for (size_t i = first; i < operands.size(); ++i)
            if (instruction.args[i].kind == Argument::Kind::constant)
                operands[i] = beside;
        results.push_back(element_dtype(element_info(instruction.op), operands, instruction.dtype));
    }
    return results;
}

} // namespace lamina::plugin
