/// Softmax, log-softmax, and cross-entropy with softmax.

#include "shaders/softmax.hpp"
#include "kernels/map_step.hpp"
#include "kernels/rows.hpp"

namespace lamina::vulkan {

namespace {

template <uint32_t mode>
struct Softmax {
    static constexpr bool loss = mode == 2;

    struct Sizes {
        int64_t rows, c, inner = 1;
        explicit Sizes(const Node& node) {
            const auto x = node.input(0);
            int64_t axis = loss ? x.rank() - 1 : node.integer("axis");
            axis += axis < 0 ? x.rank() : 0;
            c = x.dim(axis);
            for (int64_t d = axis + 1; d < x.rank(); ++d)
                inner *= x.dim(d);
            rows = c > 0 ? x.elements() / c : 0;
        }
    };

    static Plan describe(const Limits& limits, const Node& node) {
        require_dtypes(node, {LM_F32});
        return {streaming_seconds(limits, node, 60), 0, 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const Sizes s(node);
        const Rows rows = Rows::choose(step.limits, s.c, s.inner > 1);
        auto constants = rows.constants();
        constants.push_back(mode);
        const uint32_t push[] = {word(s.rows), word(s.c), word(s.inner)};
        const Binding bindings[] = {reads(step.in(0)), reads(step.in(loss ? 1 : 0)),
                                    writes(step.out())};
        step.dispatch(spirv::softmax, constants, push, bindings, rows.groups(step, s.rows));
    }
};

LAMINA_VULKAN_KERNEL(softmax, "softmax", "rows", 10, Softmax<0>)
LAMINA_VULKAN_KERNEL(log_softmax, "log_softmax", "rows", 10, Softmax<1>)
LAMINA_VULKAN_KERNEL(cross_entropy, "softmax_cross_entropy", "rows", 10, Softmax<2>)

} // namespace

} // namespace lamina::vulkan
