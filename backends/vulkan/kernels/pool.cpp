/// Max and average pooling and their gradients: one thread an element of the result.

#include "shaders/pool.hpp"
#include "kernels/map_step.hpp"
#include "kernels/samples.hpp"
#include "kernels/storage.hpp"
#include "lamina/plugin/window.hpp"
#include "shaders/avg_pool_grad.hpp"
#include "shaders/max_pool_grad.hpp"

namespace lamina::vulkan {

namespace {

using plugin::PoolParams;

Samples samples_of(const Limits& limits, const PoolParams& p, lm_dtype dtype) {
    const auto bytes = [&](int64_t size) { return p.n * p.c * size * plugin::size_of(dtype); };
    // The gradient of a maximum takes both activations and a gradient as large as each.
    const int64_t x = bytes(p.in_size()), y = bytes(p.out_size());
    return Samples::of(limits, p.n, {x, y, x, y});
}

/// The workgroup's size and constants 1 to 18 of shaders/pool_geometry.glsl.
std::vector<uint32_t> constants_of(const Limits& limits, const PoolParams& p, lm_dtype dtype) {
    std::vector<uint32_t> constants{line_workgroup(limits)};
    for (const plugin::Spatial* list : {&p.in, &p.out, &p.window, &p.strides, &p.low})
        for (const int64_t v : *list)
            constants.push_back(word(v));
    constants.insert(constants.end(), {word(p.c), p.channels_last, storage_of(dtype)});
    return constants;
}

/// All operands have a leading dimension of p.n; the last one is written.
void dispatch_windows(Step& step, const PoolParams& p, lm_dtype dtype,
                      std::span<const uint32_t> shader, std::span<const uint32_t> constants,
                      std::span<const Operand> operands) {
    const Samples samples = samples_of(step.limits, p, dtype);
    const uint64_t size = line_workgroup(step.limits);
    for (int64_t first = 0; first < p.n; first += samples.at_once) {
        Parts parts(step, 0);
        std::vector<Binding> bindings;
        for (const Operand& o : operands.first(operands.size() - 1))
            bindings.push_back(reads(parts.read(o, dtype, samples.range(o, dtype, first))));
        const Operand& result = operands.back();
        bindings.push_back(writes(parts.write(result, dtype, samples.range(result, dtype, first))));
        const int64_t elements =
            static_cast<int64_t>(bindings.back().operand.bytes) / plugin::size_of(dtype);
        const auto threads = static_cast<uint64_t>(line_threads(elements, dtype));
        const uint32_t push[] = {word(elements)};
        step.dispatch(shader, constants, push, bindings, step.linear((threads + size - 1) / size));
        parts.finish();
    }
}

Plan plan_of(const Limits& limits, const Node& node, double operations, const char* numerics) {
    require_stored_alike(node);
    const PoolParams p = PoolParams::of(node);
    const Samples samples = samples_of(limits, p, node.output().dtype());
    return {streaming_seconds(limits, node, operations * static_cast<double>(p.window_size())) +
                static_cast<double>(samples.chunks() - 1) * limits.dispatch_seconds,
            samples.staging_bytes, 0, numerics};
}

template <bool average>
struct Pool {
    static Plan describe(const Limits& limits, const Node& node) {
        return plan_of(limits, node, 2, average ? "reassociated" : "exact");
    }
    static void build(Step& step, const Node& node) {
        const PoolParams p = PoolParams::of(node);
        const lm_dtype dtype = node.output().dtype();
        auto constants = constants_of(step.limits, p, dtype);
        constants.push_back(average);
        const Operand operands[] = {step.in(0), step.out()};
        dispatch_windows(step, p, dtype, spirv::pool, constants, operands);
    }
};
LAMINA_VULKAN_KERNEL(max_pool, "max_pool", "windows", 10, Pool<false>)
LAMINA_VULKAN_KERNEL(avg_pool, "avg_pool", "windows", 10, Pool<true>)

struct MaxPoolGrad {
    static Plan describe(const Limits& limits, const Node& node) {
        return plan_of(limits, node, 4, "reassociated");
    }
    static void build(Step& step, const Node& node) {
        const PoolParams p = PoolParams::of(node);
        const lm_dtype dtype = node.output().dtype();
        const Operand operands[] = {step.in(0), step.in(1), step.in(2), step.out()};
        dispatch_windows(step, p, dtype, spirv::max_pool_grad, constants_of(step.limits, p, dtype),
                         operands);
    }
};
LAMINA_VULKAN_KERNEL(max_pool_grad, "max_pool_grad", "gather", 10, MaxPoolGrad)

struct AvgPoolGrad {
    static Plan describe(const Limits& limits, const Node& node) {
        return plan_of(limits, node, 2, "reassociated");
    }
    static void build(Step& step, const Node& node) {
        const PoolParams p = PoolParams::of(node);
        const lm_dtype dtype = node.output().dtype();
        const Operand operands[] = {step.in(0), step.out()};
        dispatch_windows(step, p, dtype, spirv::avg_pool_grad, constants_of(step.limits, p, dtype),
                         operands);
    }
};
LAMINA_VULKAN_KERNEL(avg_pool_grad, "avg_pool_grad", "gather", 10, AvgPoolGrad)

} // namespace

} // namespace lamina::vulkan
