#include "open_device.hpp"

#include <algorithm>

#include "foreign_kernel.hpp"

namespace lamina::vulkan {

OpenDevice::OpenDevice(const KernelTable& foreign, std::unique_ptr<Instance> instance,
                       const DeviceFacts& facts, const lm_host* host, uint64_t memory_limit,
                       uint64_t listed_as)
    : kernels_(foreign), device(std::move(instance), facts, host), index(listed_as),
      limits(Limits::of(facts)), memory(device, memory_limit), pipelines(device) {
    for (const Kernel* kernel : all_kernels())
        if (kernel != nullptr) // the linker pads between arrays
            kernels_[kernel->op].push_back({kernel->name, kernel->priority, kernel, nullptr});
    // The linker's order of files must not decide between kernels.
    for (auto& [op, list] : kernels_)
        std::sort(list.begin(), list.end(), [](const KernelEntry& a, const KernelEntry& b) {
            return a.priority != b.priority ? a.priority > b.priority
                                            : std::strcmp(a.name, b.name) < 0;
        });
}

namespace {

void check_sizes(const Limits& limits, const Node& node) {
    const auto check_one = [&](const plugin::TensorView& t) {
        if (static_cast<uint64_t>(t.bytes()) > limits.max_range)
            plugin::unsupported("a tensor of " + plugin::to_string(t.dims()) + " (" +
                                std::to_string(t.bytes()) +
                                " bytes) is beyond the device's storage range of " +
                                std::to_string(limits.max_range) + " bytes");
    };
    for (int64_t i = 0; i < node.n_inputs(); ++i)
        check_one(node.input(i));
    for (int64_t i = 0; i < node.n_outputs(); ++i)
        check_one(node.output(i));
}

lm_candidate describe_own(const Kernel& kernel, const Limits& limits, const Node& node) {
    const Plan plan = kernel.describe(limits, node);
    lm_candidate candidate{};
    candidate.struct_size = sizeof candidate;
    candidate.name = kernel.name;
    candidate.seconds = plan.seconds;
    candidate.workspace_bytes = plan.workspace_bytes;
    candidate.in_place = plan.in_place;
    candidate.numerics = plan.numerics;
    return candidate;
}

} // namespace

void OpenDevice::describe(const lm_node_desc* raw, void* context, lm_emit_candidate emit) const {
    const auto list = kernels_.find(raw->op);
    if (list == kernels_.end())
        plugin::unsupported(std::string("no kernel for operator `") + raw->op + "`");
    const Node node(raw);

    std::vector<lm_candidate> accepted;
    std::string reasons;
    for (const KernelEntry& kernel : list->second) {
        try {
            if (kernel.own == nullptr || !kernel.own->cuts_ranges)
                check_sizes(limits, node);
            accepted.push_back(
                kernel.own != nullptr
                    ? describe_own(*kernel.own, limits, node)
                    : describe_foreign(*kernel.foreign, device.host(), limits, node));
        } catch (const plugin::Error& e) {
            if (e.code() != LM_UNSUPPORTED)
                throw;
            reasons += (reasons.empty() ? "" : "; ") + std::string(kernel.name) + ": " + e.what();
        }
    }
    if (accepted.empty())
        plugin::unsupported(reasons);
    std::stable_sort(
        accepted.begin(), accepted.end(),
        [](const lm_candidate& a, const lm_candidate& b) { return a.seconds < b.seconds; });
    for (const lm_candidate& candidate : accepted)
        emit(context, &candidate);
}

void OpenDevice::build(const char* name, Step& step, const Node& node) const {
    const auto list = kernels_.find(node.op());
    if (list != kernels_.end())
        for (const KernelEntry& kernel : list->second) {
            if (std::strcmp(kernel.name, name) != 0)
                continue;
            if (kernel.own != nullptr)
                kernel.own->build(step, node);
            else
                build_foreign(*kernel.foreign, device.host(), step, node);
            return;
        }
    plugin::unsupported(std::string(node.op()) + ": no kernel named `" + name + "`");
}

} // namespace lamina::vulkan
