/// Evaluates elementwise programs, one element at a time. A single operator is a program of one
/// instruction. Each instruction's result is rounded to its dtype, so that a fused program gives
/// the bits of its operators run one by one.
#pragma once

#include "arithmetic.hpp"
#include "indices.hpp"
#include "lamina/plugin/broadcast.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::reference {

/// One element: `real` of a floating dtype, `whole` of any other.
struct Number {
    double real = 0;
    int64_t whole = 0;
};

inline Number read(lm_dtype dtype, const void* data, int64_t at) {
    return with_dtype(dtype, [&](auto tag) -> Number {
        const auto stored = static_cast<const decltype(tag)*>(data)[at];
        if (is_floating(dtype))
            return {.real = widen<double>(stored)};
        return {.whole = widen<int64_t>(stored)};
    });
}

inline void write(lm_dtype from, Number value, lm_dtype to, void* data, int64_t at) {
    with_dtype(to, [&](auto tag) {
        using T = decltype(tag);
        static_cast<T*>(data)[at] =
            is_floating(from) ? narrow<T>(value.real) : narrow<T>(value.whole);
    });
}

/// The cast.
inline Number convert(lm_dtype from, Number value, lm_dtype to) {
    alignas(8) unsigned char stored[8];
    write(from, value, to, stored, 0);
    return read(to, stored, 0);
}

class Evaluator {
  public:
    Evaluator(Expression program, const std::vector<lm_dtype>& inputs)
        : program_(std::move(program)), inputs_(inputs), dtypes_(program_.dtypes(inputs)) {}

    lm_dtype dtype(int64_t instruction) const { return dtypes_[static_cast<size_t>(instruction)]; }

    /// The results of all instructions.
    std::vector<Number> operator()(const std::vector<Number>& inputs) const {
        std::vector<Number> results;
        for (const Instruction& instruction : program_.instructions)
            results.push_back(apply(instruction, inputs, results));
        return results;
    }

  private:
    /// The dtype on which the instruction computes: that of its value operands, f32 when all are
    /// constants.
    lm_dtype operand_dtype(const Instruction& instruction) const {
        for (size_t i = first_value(instruction); i < instruction.args.size(); ++i) {
            const Argument& a = instruction.args[i];
            if (a.kind != Argument::Kind::constant)
                return of(a, inputs_, dtypes_);
        }
        return LM_F32;
    }
    static size_t first_value(const Instruction& instruction) {
        return instruction.op == Element::select ? 1 : 0;
    }
    template <class T>
    static const T& of(const Argument& a, const std::vector<T>& inputs,
                       const std::vector<T>& temps) {
        return (a.kind == Argument::Kind::input ? inputs : temps)[static_cast<size_t>(a.index)];
    }

    Number apply(const Instruction& instruction, const std::vector<Number>& inputs,
                 const std::vector<Number>& results) const {
        const lm_dtype dtype = operand_dtype(instruction);
        const auto value = [&](size_t i) {
            if (i >= instruction.args.size())
                return Number{};
            const Argument& a = instruction.args[i];
            return a.kind == Argument::Kind::constant ? convert(LM_F32, {.real = a.value}, dtype)
                                                      : of(a, inputs, results);
        };
        const Number a = value(0), b = value(1);
        const bool real = is_floating(dtype);
        switch (element_info(instruction.op).rule) {
        case ElementRule::cast:
            return convert(dtype, a, instruction.dtype);
        case ElementRule::select:
            return a.whole != 0 ? b : value(2);
        case ElementRule::compare:
        case ElementRule::test:
            return {.whole = real ? decide(instruction.op, a.real, b.real)
                                  : decide(instruction.op, a.whole, b.whole)};
        default:
            return real
                       ? convert(LM_F64, {.real = calculate(instruction.op, a.real, b.real)}, dtype)
                       : convert(LM_I64, {.whole = calculate(instruction.op, a.whole, b.whole)},
                                 dtype);
        }
    }

    Expression program_;
    std::vector<lm_dtype> inputs_, dtypes_;
};

/// One input of an elementwise program: read(index) at an index of the broadcast shape.
struct Operand {
    lm_dtype dtype;
    const void* data;
    Dims strides;

    Operand(const TensorView& type, const void* bytes, const Dims& shape)
        : dtype(type.dtype()), data(bytes), strides(broadcast_strides(type.dims(), shape)) {}
    Number read(const Dims& index) const {
        return reference::read(dtype, data, offset(index, strides));
    }
};

/// Stores the result of a product or convolution as the node's output, through its epilogue.
/// own: how many of the inputs are the operator's; the epilogue's follow.
inline void store_through_epilogue(const Node& node, const Args& args, int64_t own,
                                   const Reals& result) {
    const std::string program = node.string("epilogue");
    if (program.empty())
        return store(node, args, 0, result);
    const lm_dtype product = result_dtype(node);
    const TensorView y = node.output();
    const Dims shape = y.type().dims;
    std::vector<lm_dtype> dtypes{product};
    std::vector<Operand> extra;
    for (int64_t i = own; i < node.n_inputs(); ++i) {
        dtypes.push_back(node.input(i).dtype());
        extra.emplace_back(node.input(i), args.in<void>(i), shape);
    }
    const Evaluator evaluate(Expression::parse(program), dtypes);
    std::vector<Number> inputs(dtypes.size());
    for_each_index(shape, [&](const Dims& index, int64_t flat) {
        inputs[0] = convert(LM_F64, {.real = result[static_cast<size_t>(flat)]}, product);
        for (size_t i = 0; i < extra.size(); ++i)
            inputs[i + 1] = extra[i].read(index);
        write(y.dtype(), evaluate(inputs).back(), y.dtype(), args.out<void>(), flat);
    });
}

} // namespace lamina::reference
