/// The largest entries: top_k and argmax.

#include "shaders/top_k.hpp"
#include "kernels/map_step.hpp"
#include "kernels/rows.hpp"

namespace lamina::vulkan {

namespace {

void dispatch_top(Step& step, const Rows& rows, bool values, int64_t row_count, int64_t c,
                  int64_t inner, int64_t k, Operand indices, Operand value) {
    auto constants = rows.constants();
    constants.push_back(values);
    const uint32_t push[] = {word(row_count), word(c), word(inner), word(k)};
    const Binding bindings[] = {reads(step.in(0)), writes(indices), writes(value)};
    step.dispatch(spirv::top_k, constants, push, bindings, rows.groups(step, row_count));
}

void require_f32(const Node& node) {
    if (node.input(0).dtype() != LM_F32)
        plugin::unsupported(std::string(node.op()) + " of " +
                            plugin::dtype_name(node.input(0).dtype()));
}

struct TopK {
    static Plan describe(const Limits& limits, const Node& node) {
        require_f32(node);
        const auto k = static_cast<double>(node.integer("k"));
        return {streaming_seconds(limits, node) * k, 0, 0, "exact"};
    }
    static void build(Step& step, const Node& node) {
        const int64_t c = node.input(0).dim(-1);
        dispatch_top(step, Rows::choose(step.limits, c, false), true, node.input(0).elements() / c,
                     c, 1, node.integer("k"), step.out(1), step.out(0));
    }
};
LAMINA_VULKAN_KERNEL(top_k, "top_k", "rounds", 10, TopK)

struct Argmax {
    static Plan describe(const Limits& limits, const Node& node) {
        require_f32(node);
        return {streaming_seconds(limits, node), 0, 0, "exact"};
    }
    static void build(Step& step, const Node& node) {
        const auto x = node.input(0);
        const int64_t axis = node.integer("axis") + (node.integer("axis") < 0 ? x.rank() : 0);
        const int64_t c = x.dim(axis);
        int64_t inner = 1;
        for (int64_t d = axis + 1; d < x.rank(); ++d)
            inner *= x.dim(d);
        // The shader declares that it writes values; validation holds it to that.
        dispatch_top(step, Rows::choose(step.limits, c, inner > 1), false, x.elements() / c, c,
                     inner, 1, step.out(), step.out());
    }
};
LAMINA_VULKAN_KERNEL(argmax, "argmax", "rows", 10, Argmax)

} // namespace

} // namespace lamina::vulkan
