/// Softmax, log-softmax, and cross-entropy with softmax.

#include "shaders/softmax.hpp"
#include "kernels/map_step.hpp"
#include "kernels/row_blocks.hpp"
#include "kernels/rows.hpp"

namespace lamina::vulkan {

namespace {

template <uint32_t mode>
struct Softmax {
    static constexpr bool loss = mode == 2;

    struct Sizes {
        int64_t outer, c, inner = 1;
        explicit Sizes(const Node& node) {
            const auto x = node.input(0);
            int64_t axis = loss ? x.rank() - 1 : node.integer("axis");
            axis += axis < 0 ? x.rank() : 0;
            c = x.dim(axis);
            for (int64_t d = axis + 1; d < x.rank(); ++d)
                inner *= x.dim(d);
            outer = c > 0 && inner > 0 ? x.elements() / c / inner : 0;
        }
        RowBlocks blocks(const Limits& limits) const {
            const int64_t row = c * static_cast<int64_t>(sizeof(float));
            return loss ? RowBlocks(limits, outer, c, inner, {row, row, sizeof(float)})
                        : RowBlocks(limits, outer, c, inner, {row, row});
        }
    };

    static Plan describe(const Limits& limits, const Node& node) {
        require_dtypes(node, {LM_F32});
        const RowBlocks blocks = Sizes(node).blocks(limits);
        return {streaming_seconds(limits, node, 60) +
                    static_cast<double>(blocks.count() - 1) * limits.dispatch_seconds,
                blocks.workspace_bytes(), 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const Sizes s(node);
        s.blocks(step.limits).for_each(step, [&](RowBlock& block) {
            const Rows rows = Rows::choose(step.limits, s.c, block.inner > 1);
            auto constants = rows.constants();
            constants.push_back(mode);
            const uint32_t push[] = {word(block.rows()), word(s.c), word(block.inner)};
            const Operand logits = block.read(step.in(0));
            const Operand labels = loss ? block.read(step.in(1)) : logits;
            const Operand y =
                loss ? block.write_results(step.out(), LM_F32) : block.write(step.out());
            const Binding bindings[] = {reads(logits), reads(labels), writes(y)};
            step.dispatch(spirv::softmax, constants, push, bindings,
                          rows.groups(step, block.rows()));
        });
    }
};

LAMINA_VULKAN_KERNEL(softmax, "softmax", "rows", 10, Softmax<0>)
LAMINA_VULKAN_KERNEL(log_softmax, "log_softmax", "rows", 10, Softmax<1>)
LAMINA_VULKAN_KERNEL(cross_entropy, "softmax_cross_entropy", "rows", 10, Softmax<2>)

} // namespace

} // namespace lamina::vulkan
