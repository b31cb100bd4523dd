// Every elementwise operator, alone and fused: each is a program, and one interpreter runs them.

#include <string>
#include <vector>

#include "compute/program.hpp"
#include "kernels/node_checks.hpp"
#include "lamina/plugin/expression.hpp"

namespace lamina::cpu {
namespace {

using plugin::Argument;

class Elementwise {
  public:
    static plugin::Plan describe(const plugin::Node& node) {
        const Program program = compile(node);
        return {program.seconds(), 0, program.in_place(), "exact"};
    }
    explicit Elementwise(const plugin::Node& node) : program_{compile(node)} {}

    void run(const plugin::Node& node, const plugin::Args& args) const {
        std::vector<const void*> inputs;
        std::vector<void*> outputs;
        for (std::int64_t i = 0; i < node.n_inputs(); ++i)
            inputs.push_back(args.in<void>(i));
        for (std::int64_t i = 0; i < node.n_outputs(); ++i)
            outputs.push_back(args.out<void>(i));
        program_.run(inputs.data(), outputs.data(), parallel_of(args.host(), planned_workers()));
    }

  private:
    static Program compile(const plugin::Node& node) {
        std::vector<plugin::TensorType> inputs;
        for (std::int64_t i = 0; i < node.n_inputs(); ++i)
            inputs.push_back(node.input(i).type());
        const plugin::Dims shape = node.output().type().dims;
        if (node.is("fused_elementwise"))
            return {plugin::Expression::parse(node.string("program")), inputs,
                    node.integers("outputs"), shape};
        plugin::Instruction instruction;
        instruction.op = plugin::find_element(node.op())->op;
        instruction.dtype = node.output().dtype();
        for (std::int32_t i = 0; i < static_cast<std::int32_t>(inputs.size()); ++i)
            instruction.args.push_back({Argument::Kind::input, i, 0});
        const std::int64_t first = 0;
        return {plugin::Expression{{instruction}}, inputs, std::span(&first, 1), shape};
    }

    Program program_;
};

LAMINA_KERNEL(fused, "openblas", "fused_elementwise", "interpreter", 10, Elementwise)

#define LAMINA_ELEMENT_KERNEL(op) LAMINA_KERNEL(op, "openblas", #op, "interpreter", 10, Elementwise)
LAMINA_ELEMENT_KERNEL(neg)
LAMINA_ELEMENT_KERNEL(abs)
LAMINA_ELEMENT_KERNEL(sign)
LAMINA_ELEMENT_KERNEL(exp)
LAMINA_ELEMENT_KERNEL(expm1)
LAMINA_ELEMENT_KERNEL(log)
LAMINA_ELEMENT_KERNEL(log1p)
LAMINA_ELEMENT_KERNEL(sqrt)
LAMINA_ELEMENT_KERNEL(rsqrt)
LAMINA_ELEMENT_KERNEL(reciprocal)
LAMINA_ELEMENT_KERNEL(square)
LAMINA_ELEMENT_KERNEL(sin)
LAMINA_ELEMENT_KERNEL(cos)
LAMINA_ELEMENT_KERNEL(tanh)
LAMINA_ELEMENT_KERNEL(sigmoid)
LAMINA_ELEMENT_KERNEL(softplus)
LAMINA_ELEMENT_KERNEL(relu)
LAMINA_ELEMENT_KERNEL(erf)
LAMINA_ELEMENT_KERNEL(floor)
LAMINA_ELEMENT_KERNEL(ceil)
LAMINA_ELEMENT_KERNEL(round)
LAMINA_ELEMENT_KERNEL(logical_not)
LAMINA_ELEMENT_KERNEL(is_finite)
LAMINA_ELEMENT_KERNEL(copy)
LAMINA_ELEMENT_KERNEL(cast)
LAMINA_ELEMENT_KERNEL(add)
LAMINA_ELEMENT_KERNEL(sub)
LAMINA_ELEMENT_KERNEL(mul)
LAMINA_ELEMENT_KERNEL(div)
LAMINA_ELEMENT_KERNEL(pow)
LAMINA_ELEMENT_KERNEL(maximum)
LAMINA_ELEMENT_KERNEL(minimum)
LAMINA_ELEMENT_KERNEL(equal)
LAMINA_ELEMENT_KERNEL(not_equal)
LAMINA_ELEMENT_KERNEL(less)
LAMINA_ELEMENT_KERNEL(less_equal)
LAMINA_ELEMENT_KERNEL(greater)
LAMINA_ELEMENT_KERNEL(greater_equal)
LAMINA_ELEMENT_KERNEL(logical_and)
LAMINA_ELEMENT_KERNEL(logical_or)
LAMINA_ELEMENT_KERNEL(select)

} // namespace
} // namespace lamina::cpu
