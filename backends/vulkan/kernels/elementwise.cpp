/// Every elementwise operator, alone and in fused programs: one generated shader each.

#include <array>
#include <utility>

#include "kernels/map_step.hpp"

namespace lamina::vulkan {

namespace {

using plugin::Argument;
using plugin::ElementInfo;
using plugin::Expression;

Expression expression_of(const Node& node) {
    if (node.is("fused_elementwise"))
        return Expression::parse(node.string("program"));
    const ElementInfo* info = plugin::find_element(node.op());
    plugin::Instruction instruction;
    instruction.op = info->op;
    if (info->op == plugin::Element::cast)
        instruction.dtype = plugin::parse_dtype(node.string("dtype"));
    for (int32_t i = 0; i < info->arity; ++i)
        instruction.args.push_back({Argument::Kind::input, i, 0.0f});
    return {{instruction}};
}

Map map_of(const Node& node) {
    Map map;
    const auto dims = node.output().dims();
    map.space.assign(dims.begin(), dims.end());
    for (int64_t i = 0; i < node.n_inputs(); ++i)
        map.inputs.push_back(broadcast_view(node.input(i).dtype(), node.input(i).dims(), dims));
    for (int64_t i = 0; i < node.n_outputs(); ++i)
        map.outputs.push_back(dense_view(node.output(i).dtype(), dims));
    map.expression = expression_of(node);
    map.results = {0};
    if (node.is("fused_elementwise"))
        map.results = node.dims("outputs");
    return map;
}

struct Elementwise {
    static Plan describe(const Limits& limits, const Node& node) {
        const Expression expression = expression_of(node);
        std::vector<lm_dtype> dtypes;
        for (int64_t i = 0; i < node.n_inputs(); ++i)
            dtypes.push_back(node.input(i).dtype());
        check_map(expression, dtypes);
        // Transcendental functions cost some twenty operations; the weight of an average program.
        const double operations = 4.0 * static_cast<double>(expression.instructions.size());
        return {streaming_seconds(limits, node, operations), map_workspace(limits, map_of(node)),
                in_place_inputs(node), "exact"};
    }
    static void build(Step& step, const Node& node) {
        std::vector<Operand> inputs, outputs;
        for (int64_t i = 0; i < node.n_inputs(); ++i)
            inputs.push_back(step.in(static_cast<size_t>(i)));
        for (int64_t i = 0; i < node.n_outputs(); ++i)
            outputs.push_back(step.out(static_cast<size_t>(i)));
        dispatch_map(step, map_of(node), std::move(inputs), std::move(outputs));
    }
};

LAMINA_VULKAN_KERNEL(fused, "fused_elementwise", "generated", 10, Elementwise)

// One kernel for each row of the operators' table.
constexpr size_t kOperators = std::size(plugin::element_table);
constexpr auto kKernels = [] {
    std::array<Kernel, kOperators> kernels{};
    for (size_t i = 0; i < kOperators; ++i)
        kernels[i] = {plugin::element_table[i].name, "generated", 10, &Elementwise::describe,
                      &Elementwise::build};
    return kernels;
}();

template <size_t... I>
constexpr std::array<const Kernel*, kOperators> pointers(std::index_sequence<I...>) {
    return {&kKernels[I]...};
}

__attribute__((section("lamina_vulkan_kernels"),
               used)) constinit const std::array<const Kernel*, kOperators>
    kEntries = pointers(std::make_index_sequence<kOperators>());

} // namespace

} // namespace lamina::vulkan
