/// Operators that look places up: gather, scatter_add, one_hot.

#include "kernels/map_step.hpp"
#include "shaders/gather.hpp"
#include "shaders/one_hot.hpp"
#include "shaders/scatter_add.hpp"

namespace lamina::vulkan {

namespace {

uint32_t index_words(const plugin::TensorView& indices) {
    if (indices.dtype() != LM_I32 && indices.dtype() != LM_I64)
        plugin::unsupported(std::string("indices of ") + plugin::dtype_name(indices.dtype()));
    return indices.dtype() == LM_I64 ? 2 : 1;
}

int64_t product(std::span<const int64_t> dims) { return plugin::elements(dims); }

/// The dims of [A..., D, B...] as three numbers.
struct Along {
    int64_t outer, extent, inner;

    Along(std::span<const int64_t> dims, int64_t axis) {
        const auto at =
            static_cast<size_t>(axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis);
        outer = product(dims.first(at));
        extent = dims[at];
        inner = product(dims.subspan(at + 1));
    }
};

Groups line_groups(const Step& step, int64_t elements) {
    const uint64_t size = line_workgroup(step.limits);
    return step.linear((static_cast<uint64_t>(elements) + size - 1) / size);
}

struct Gather {
    static Plan describe(const Limits& limits, const Node& node) {
        index_words(node.input(1));
        if (plugin::size_of(node.output().dtype()) < 4)
            plugin::unsupported(std::string("gather of ") +
                                plugin::dtype_name(node.output().dtype()));
        return {streaming_seconds(limits, node), 0, 0, "exact"};
    }
    static void build(Step& step, const Node& node) {
        const Along x(node.input(0).dims(), node.integer("axis"));
        const auto words = static_cast<uint32_t>(plugin::size_of(node.output().dtype()) / 4);
        const int64_t elements = x.extent > 0 ? node.output().elements() : 0;
        step.dispatch(
            spirv::gather, {line_workgroup(step.limits), index_words(node.input(1)), words},
            {word(elements), word(node.input(1).elements()), word(x.extent), word(x.inner)},
            {reads(step.in(1)), reads(step.in(0)), writes(step.out())},
            line_groups(step, elements));
    }
};
LAMINA_VULKAN_KERNEL(gather, "gather", "lookup", 10, Gather)

struct ScatterAdd {
    static Plan describe(const Limits& limits, const Node& node) {
        index_words(node.input(0));
        if (node.output().dtype() != LM_F32)
            plugin::unsupported(std::string("scatter_add of ") +
                                plugin::dtype_name(node.output().dtype()));
        const auto count = static_cast<double>(node.input(0).elements());
        return {streaming_seconds(limits, node, 2 * count), 0, 0, "exact"};
    }
    static void build(Step& step, const Node& node) {
        const Along y(node.output().dims(), node.integer("axis"));
        const int64_t elements = node.output().elements();
        step.dispatch(
            spirv::scatter_add, {line_workgroup(step.limits), index_words(node.input(0))},
            {word(elements), word(node.input(0).elements()), word(y.extent), word(y.inner)},
            {reads(step.in(0)), reads(step.in(1)), writes(step.out())},
            line_groups(step, elements));
    }
};
LAMINA_VULKAN_KERNEL(scatter_add, "scatter_add", "search", 10, ScatterAdd)

struct OneHot {
    static Plan describe(const Limits& limits, const Node& node) {
        index_words(node.input(0));
        if (node.output().dtype() != LM_F32 && node.output().dtype() != LM_I32)
            plugin::unsupported(std::string("one_hot of ") +
                                plugin::dtype_name(node.output().dtype()));
        return {streaming_seconds(limits, node), 0, 0, "exact"};
    }
    static void build(Step& step, const Node& node) {
        const int64_t elements = node.output().elements();
        const uint32_t one = node.output().dtype() == LM_F32 ? word(1.0f) : 1;
        step.dispatch(spirv::one_hot,
                      {line_workgroup(step.limits), index_words(node.input(0)), one},
                      {word(elements), word(node.integer("depth"))},
                      {reads(step.in(0)), writes(step.out())}, line_groups(step, elements));
    }
};
LAMINA_VULKAN_KERNEL(one_hot, "one_hot", "compare", 10, OneHot)

} // namespace

} // namespace lamina::vulkan
