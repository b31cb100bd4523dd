// The elementwise operators, alone and fused. What each computes is in arithmetic.hpp.
#include "evaluate.hpp"

namespace lamina::reference {
namespace {

/// Runs a program over inputs that broadcast to the outputs' shape.
class Elementwise {
  public:
    static Plan describe(const Node& node) {
        Plan plan = plain_loops(20.0 * static_cast<double>(node.output().elements()));
        for (int64_t i = 0; i < std::min<int64_t>(node.n_inputs(), 64); ++i)
            if (node.input(i).type().dims == node.output().type().dims &&
                size_of(node.input(i).dtype()) == size_of(node.output().dtype()))
                plan.in_place |= uint64_t{1} << i;
        return plan;
    }
    Elementwise(const Node& node, const Expression& program, std::span<const int64_t> outputs)
        : evaluate_(program, dtypes(node)), outputs_(outputs.begin(), outputs.end()) {}

    void run(const Node& node, const Args& args) const {
        const Dims shape = node.output().type().dims;
        std::vector<Operand> operands;
        for (int64_t i = 0; i < node.n_inputs(); ++i)
            operands.emplace_back(node.input(i), args.in<void>(i), shape);
        args.parallel_for(elements(shape), 4096, [&](int64_t begin, int64_t end) {
            std::vector<Number> inputs(operands.size());
            for_each_index(shape, begin, end, [&](const Dims& index, int64_t flat) {
                for (size_t i = 0; i < operands.size(); ++i)
                    inputs[i] = operands[i].read(index);
                const std::vector<Number> results = evaluate_(inputs);
                for (size_t j = 0; j < outputs_.size(); ++j) {
                    const lm_dtype dtype = evaluate_.dtype(outputs_[j]);
                    write(dtype, results[static_cast<size_t>(outputs_[j])], dtype,
                          args.out<void>(static_cast<int64_t>(j)), flat);
                }
            });
        });
    }

  private:
    static std::vector<lm_dtype> dtypes(const Node& node) {
        std::vector<lm_dtype> list;
        for (int64_t i = 0; i < node.n_inputs(); ++i)
            list.push_back(node.input(i).dtype());
        return list;
    }

    Evaluator evaluate_;
    Dims outputs_;
};

/// The node's own operator, as a program.
Expression single(const Node& node) {
    const ElementInfo& info = *find_element(node.op());
    Instruction instruction;
    instruction.op = info.op;
    if (info.op == Element::cast)
        instruction.dtype = parse_dtype(node.string("dtype"));
    for (int32_t i = 0; i < info.arity; ++i)
        instruction.args.push_back({Argument::Kind::input, i});
    return {{instruction}};
}

struct Single : Elementwise {
    explicit Single(const Node& node) : Elementwise(node, single(node), Dims{0}) {}
};

struct Fused : Elementwise {
    explicit Fused(const Node& node)
        : Elementwise(node, Expression::parse(node.string("program")), node.integers("outputs")) {}
};

#define REFERENCE_ELEMENTWISE(op) LAMINA_KERNEL(op, "reference", #op, "plain", 0, Single)
REFERENCE_ELEMENTWISE(neg)
REFERENCE_ELEMENTWISE(abs)
REFERENCE_ELEMENTWISE(sign)
REFERENCE_ELEMENTWISE(exp)
REFERENCE_ELEMENTWISE(expm1)
REFERENCE_ELEMENTWISE(log)
REFERENCE_ELEMENTWISE(log1p)
REFERENCE_ELEMENTWISE(sqrt)
REFERENCE_ELEMENTWISE(rsqrt)
REFERENCE_ELEMENTWISE(reciprocal)
REFERENCE_ELEMENTWISE(square)
REFERENCE_ELEMENTWISE(sin)
REFERENCE_ELEMENTWISE(cos)
REFERENCE_ELEMENTWISE(tanh)
REFERENCE_ELEMENTWISE(sigmoid)
REFERENCE_ELEMENTWISE(softplus)
REFERENCE_ELEMENTWISE(relu)
REFERENCE_ELEMENTWISE(erf)
REFERENCE_ELEMENTWISE(floor)
REFERENCE_ELEMENTWISE(ceil)
REFERENCE_ELEMENTWISE(round)
REFERENCE_ELEMENTWISE(logical_not)
REFERENCE_ELEMENTWISE(is_finite)
REFERENCE_ELEMENTWISE(copy)
REFERENCE_ELEMENTWISE(cast)
REFERENCE_ELEMENTWISE(add)
REFERENCE_ELEMENTWISE(sub)
REFERENCE_ELEMENTWISE(mul)
REFERENCE_ELEMENTWISE(div)
REFERENCE_ELEMENTWISE(pow)
REFERENCE_ELEMENTWISE(maximum)
REFERENCE_ELEMENTWISE(minimum)
REFERENCE_ELEMENTWISE(equal)
REFERENCE_ELEMENTWISE(not_equal)
REFERENCE_ELEMENTWISE(less)
REFERENCE_ELEMENTWISE(less_equal)
REFERENCE_ELEMENTWISE(greater)
REFERENCE_ELEMENTWISE(greater_equal)
REFERENCE_ELEMENTWISE(logical_and)
REFERENCE_ELEMENTWISE(logical_or)
REFERENCE_ELEMENTWISE(select)
LAMINA_KERNEL(fused_elementwise, "reference", "fused_elementwise", "plain", 0, Fused)

} // namespace
} // namespace lamina::reference
