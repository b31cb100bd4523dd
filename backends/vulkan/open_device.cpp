#include "open_device.hpp"

#include <algorithm>

#include "foreign_kernel.hpp"

namespace lamina::vulkan {

namespace {

/// Drivers reset a card that does not answer: Windows after 2 s, amdgpu after 10 s, and i915 wants
/// to be able to interrupt it within 0.64 s. Estimates may be ten times too short, and one dispatch
/// is not cut; 50 ms leave room for both, and cost VGG16's training step some ten submissions.
/// Nothing watches a software device; there it is Ctrl-C and the progress bar that should not wait.
double longest_submission(const DeviceFacts& facts, const DeviceOptions& options) {
    if (options.submission_seconds > 0)
        return options.submission_seconds;
    return facts.type == "software" ? 2.0 : 0.05;
}

} // namespace

OpenDevice::OpenDevice(const KernelTable& foreign, std::unique_ptr<Instance> instance,
                       const DeviceFacts& facts, const lm_host* host, const DeviceOptions& options,
                       uint64_t listed_as)
    : kernels_(foreign), device(std::move(instance), facts, host, options), index(listed_as),
      limits(Limits::of(facts, options.cooperative_matrix)),
      submission_seconds(longest_submission(facts, options)), memory(device), pipelines(device),
      tables(memory) {
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

double OpenDevice::build(const char* name, Step& step, const Node& node) const {
    const auto list = kernels_.find(node.op());
    if (list != kernels_.end())
        for (const KernelEntry& kernel : list->second) {
            if (std::strcmp(kernel.name, name) != 0)
                continue;
            if (kernel.own != nullptr) {
                kernel.own->build(step, node);
                return kernel.own->describe(limits, node).seconds;
            }
            build_foreign(*kernel.foreign, device.host(), step, node);
            return describe_foreign(*kernel.foreign, device.host(), limits, node).seconds;
        }
    plugin::unsupported(std::string(node.op()) + ": no kernel named `" + name + "`");
}

} // namespace lamina::vulkan
