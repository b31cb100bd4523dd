#include "kernel.hpp"

#include <algorithm>
#include <bit>

namespace lamina::vulkan {

extern "C" {
extern const Kernel* const __start_lamina_vulkan_kernels[]
    __attribute__((weak, visibility("hidden")));
extern const Kernel* const __stop_lamina_vulkan_kernels[]
    __attribute__((weak, visibility("hidden")));
}

std::span<const Kernel* const> all_kernels() {
    return {__start_lamina_vulkan_kernels, __stop_lamina_vulkan_kernels};
}

Limits Limits::of(const DeviceFacts& facts, bool cooperative_matrix) {
    const VkPhysicalDeviceLimits& l = facts.limits;
    Limits limits;
    if (cooperative_matrix)
        limits.cooperative_matrix = facts.cooperative_matrix;
    limits.max_invocations =
        std::min(l.maxComputeWorkGroupInvocations, l.maxComputeWorkGroupSize[0]);
    limits.max_shared_bytes = l.maxComputeSharedMemorySize;
    limits.max_range = l.maxStorageBufferRange;
    limits.max_bindings =
        std::min(l.maxPerStageDescriptorStorageBuffers,
                 std::min(l.maxDescriptorSetStorageBuffers, l.maxPerStageResources));
    limits.max_groups = std::min({l.maxComputeWorkGroupCount[0], l.maxComputeWorkGroupCount[1],
                                  l.maxComputeWorkGroupCount[2]});
    limits.alignment = std::max<uint64_t>(l.minStorageBufferOffsetAlignment, 16);
    limits.shares_at_no_gain = facts.shares_at_no_gain;
    // Orders of magnitude: they weigh one algorithm against another, not one device against
    // another.
    if (facts.type == "discrete") {
        limits.flops_per_second = 5e12;
        limits.bytes_per_second = 3e11;
        limits.dispatch_seconds = 4e-6;
        limits.units = 80;
    } else if (facts.type == "software") {
        limits.flops_per_second = 1e10;
        limits.bytes_per_second = 5e9;
        limits.dispatch_seconds = 2e-5;
        limits.units = 4;
    }
    return limits;
}

double Limits::seconds(double flops, double bytes, int dispatches) const {
    return std::max(flops / flops_per_second, bytes / bytes_per_second) +
           dispatches * dispatch_seconds;
}

uint32_t word(int64_t value) {
    if (value < INT32_MIN || value > UINT32_MAX)
        plugin::unsupported("a size or stride of " + std::to_string(value) +
                            " does not fit the 32-bit words of shaders");
    return static_cast<uint32_t>(value);
}

uint32_t word(float value) { return std::bit_cast<uint32_t>(value); }

Operand Step::workspace(uint64_t offset, uint64_t bytes) const {
    return {workspace_.slot, workspace_.offset + offset, bytes};
}

Operand Step::table(std::span<const uint32_t> words) const {
    return {first_table_ + tables_.number(words), 0, words.size_bytes()};
}

void Step::dispatch(std::span<const uint32_t> shader, std::span<const uint32_t> constants,
                    std::span<const uint32_t> push, std::span<const Binding> bindings,
                    Groups groups) {
    if (groups.x == 0 || groups.y == 0 || groups.z == 0)
        return;
    if (std::max({groups.x, groups.y, groups.z}) > limits.max_groups)
        plugin::unsupported("a dispatch of " + std::to_string(groups.x) + " x " +
                            std::to_string(groups.y) + " x " + std::to_string(groups.z) +
                            " workgroups is beyond the device's " +
                            std::to_string(limits.max_groups));
    for (const Binding& b : bindings)
        if (b.operand.bytes > limits.max_range)
            plugin::unsupported("a binding of " + std::to_string(b.operand.bytes) +
                                " bytes is beyond the device's storage range of " +
                                std::to_string(limits.max_range));
    if (bindings.size() > limits.max_bindings)
        plugin::unsupported(std::to_string(bindings.size()) + " buffers are more than the " +
                            std::to_string(limits.max_bindings) + " that the device binds");
    dispatches_.push_back(
        {index_,
         &pipelines_.get(shader, constants, static_cast<uint32_t>(bindings.size()),
                         static_cast<uint32_t>(push.size_bytes())),
         {push.begin(), push.end()},
         {bindings.begin(), bindings.end()},
         groups});
}

Groups Step::linear(uint64_t count) const {
    if (count <= limits.max_groups)
        return {static_cast<uint32_t>(count), 1, 1};
    const uint64_t rows = (count + limits.max_groups - 1) / limits.max_groups;
    return {static_cast<uint32_t>((count + rows - 1) / rows), static_cast<uint32_t>(rows), 1};
}

Part part_of(const Limits& limits, Operand whole, int64_t first, int64_t last,
             int64_t element_bytes) {
    const auto begin = static_cast<uint64_t>(first * element_bytes);
    const uint64_t at = begin / limits.alignment * limits.alignment;
    const auto end = static_cast<uint64_t>((last + 1) * element_bytes);
    return {{whole.slot, whole.offset + at, end - at},
            static_cast<int64_t>(begin - at) / element_bytes};
}

void require_dtypes(const Node& node, std::initializer_list<lm_dtype> allowed) {
    const auto check_one = [&](lm_dtype dtype) {
        if (std::find(allowed.begin(), allowed.end(), dtype) == allowed.end())
            plugin::unsupported(std::string(node.op()) + " of " + plugin::dtype_name(dtype));
    };
    for (int64_t i = 0; i < node.n_inputs(); ++i)
        check_one(node.input(i).dtype());
    for (int64_t i = 0; i < node.n_outputs(); ++i)
        check_one(node.output(i).dtype());
}

} // namespace lamina::vulkan
