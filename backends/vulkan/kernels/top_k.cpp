/// The largest entries: top_k and argmax.

#include "shaders/top_k.hpp"
#include "kernels/map_step.hpp"
#include "kernels/row_blocks.hpp"
#include "kernels/rows.hpp"

namespace lamina::vulkan {

namespace {

void dispatch_top(Step& step, const RowBlock& block, bool values, int64_t c, int64_t k, Operand x,
                  Operand indices, Operand value) {
    const Rows rows = Rows::choose(step.limits, c, block.inner > 1);
    auto constants = rows.constants();
    constants.push_back(values);
    const uint32_t push[] = {word(block.rows()), word(c), word(block.inner), word(k)};
    const Binding bindings[] = {reads(x), writes(indices), writes(value)};
    step.dispatch(spirv::top_k, constants, push, bindings, rows.groups(step, block.rows()));
}

void require_f32(const Node& node) {
    if (node.input(0).dtype() != LM_F32)
        plugin::unsupported(std::string(node.op()) + " of " +
                            plugin::dtype_name(node.input(0).dtype()));
}

struct TopK {
    static RowBlocks blocks(const Limits& limits, const Node& node) {
        const int64_t c = node.input(0).dim(-1), k = node.integer("k");
        const int64_t rows = c > 0 ? node.input(0).elements() / c : 0;
        return {limits, rows, c, 1, {c * 4, k * 4, k * 8}};
    }
    static Plan describe(const Limits& limits, const Node& node) {
        require_f32(node);
        const auto k = static_cast<double>(node.integer("k"));
        return {streaming_seconds(limits, node) * k, blocks(limits, node).workspace_bytes(), 0,
                "exact"};
    }
    static void build(Step& step, const Node& node) {
        blocks(step.limits, node).for_each(step, [&](RowBlock& block) {
            const Operand x = block.read(step.in(0));
            const Operand values = block.write_results(step.out(0), LM_F32);
            const Operand indices = block.write_results(step.out(1), LM_I64);
            dispatch_top(step, block, true, node.input(0).dim(-1), node.integer("k"), x, indices,
                         values);
        });
    }
};
LAMINA_VULKAN_KERNEL(top_k, "top_k", "rounds", 10, TopK)

struct Argmax {
    static int64_t axis(const Node& node) {
        return node.integer("axis") + (node.integer("axis") < 0 ? node.input(0).rank() : 0);
    }
    static RowBlocks blocks(const Limits& limits, const Node& node) {
        const auto x = node.input(0);
        const int64_t c = x.dim(axis(node));
        int64_t inner = 1;
        for (int64_t d = axis(node) + 1; d < x.rank(); ++d)
            inner *= x.dim(d);
        const int64_t outer = c > 0 && inner > 0 ? x.elements() / c / inner : 0;
        return {limits, outer, c, inner, {c * 4, 8}};
    }
    static Plan describe(const Limits& limits, const Node& node) {
        require_f32(node);
        return {streaming_seconds(limits, node), blocks(limits, node).workspace_bytes(), 0,
                "exact"};
    }
    static void build(Step& step, const Node& node) {
        blocks(step.limits, node).for_each(step, [&](RowBlock& block) {
            const Operand x = block.read(step.in(0));
            const Operand y = block.write_results(step.out(), LM_I64);
            // The shader declares that it writes values; validation holds it to that.
            dispatch_top(step, block, false, node.input(0).dim(axis(node)), 1, x, y, y);
        });
    }
};
LAMINA_VULKAN_KERNEL(argmax, "argmax", "rows", 10, Argmax)

} // namespace

} // namespace lamina::vulkan
