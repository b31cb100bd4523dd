/// Max and average pooling and their gradients: one thread an element of the result.

#include "shaders/pool.hpp"
#include "kernels/map_step.hpp"
#include "lamina/plugin/window.hpp"
#include "shaders/avg_pool_grad.hpp"
#include "shaders/max_pool_grad.hpp"

namespace lamina::vulkan {

namespace {

using plugin::PoolParams;

/// The workgroup's size and constants 1 to 17 of shaders/pool_geometry.glsl.
std::vector<uint32_t> constants_of(const Limits& limits, const PoolParams& p) {
    std::vector<uint32_t> constants{line_workgroup(limits)};
    for (const plugin::Spatial* list : {&p.in, &p.out, &p.window, &p.strides, &p.low})
        for (const int64_t v : *list)
            constants.push_back(word(v));
    constants.insert(constants.end(), {word(p.c), p.channels_last});
    return constants;
}

void dispatch_line(Step& step, std::span<const uint32_t> shader,
                   std::span<const uint32_t> constants, int64_t elements,
                   std::span<const Binding> bindings) {
    const uint32_t push[] = {word(elements)};
    const uint64_t size = line_workgroup(step.limits);
    step.dispatch(shader, constants, push, bindings,
                  step.linear((static_cast<uint64_t>(elements) + size - 1) / size));
}

template <bool average>
struct Pool {
    static Plan describe(const Limits& limits, const Node& node) {
        require_dtypes(node, {LM_F32});
        const auto window = static_cast<double>(PoolParams::of(node).window_size());
        return {streaming_seconds(limits, node, 2 * window), 0, 0,
                average ? "reassociated" : "exact"};
    }
    static void build(Step& step, const Node& node) {
        auto constants = constants_of(step.limits, PoolParams::of(node));
        constants.push_back(average);
        const Binding bindings[] = {reads(step.in(0)), writes(step.out())};
        dispatch_line(step, spirv::pool, constants, node.output().elements(), bindings);
    }
};
LAMINA_VULKAN_KERNEL(max_pool, "max_pool", "windows", 10, Pool<false>)
LAMINA_VULKAN_KERNEL(avg_pool, "avg_pool", "windows", 10, Pool<true>)

struct MaxPoolGrad {
    static Plan describe(const Limits& limits, const Node& node) {
        require_dtypes(node, {LM_F32});
        const auto window = static_cast<double>(PoolParams::of(node).window_size());
        return {streaming_seconds(limits, node, 4 * window), 0, 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const auto constants = constants_of(step.limits, PoolParams::of(node));
        const Binding bindings[] = {reads(step.in(0)), reads(step.in(1)), reads(step.in(2)),
                                    writes(step.out())};
        dispatch_line(step, spirv::max_pool_grad, constants, node.output().elements(), bindings);
    }
};
LAMINA_VULKAN_KERNEL(max_pool_grad, "max_pool_grad", "gather", 10, MaxPoolGrad)

struct AvgPoolGrad {
    static Plan describe(const Limits& limits, const Node& node) {
        require_dtypes(node, {LM_F32});
        const auto window = static_cast<double>(PoolParams::of(node).window_size());
        return {streaming_seconds(limits, node, 2 * window), 0, 0, "reassociated"};
    }
    static void build(Step& step, const Node& node) {
        const auto constants = constants_of(step.limits, PoolParams::of(node));
        const Binding bindings[] = {reads(step.in(0)), writes(step.out())};
        dispatch_line(step, spirv::avg_pool_grad, constants, node.output().elements(), bindings);
    }
};
LAMINA_VULKAN_KERNEL(avg_pool_grad, "avg_pool_grad", "gather", 10, AvgPoolGrad)

} // namespace

} // namespace lamina::vulkan
