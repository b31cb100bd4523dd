#include "foreign_kernel.hpp"

#include <cstring>
#include <sstream>

namespace lamina::vulkan {

namespace {

const lm_attr& find_attr(const Node& node, const std::string& name) {
    const lm_node_desc& raw = *node.raw();
    for (uint64_t i = 0; i < raw.n_attrs; ++i)
        if (name == raw.attrs[i]->name)
            return *raw.attrs[i];
    plugin::invalid(std::string(node.op()) + ": a kernel wants the attribute `" + name +
                    "`, which the operator lacks");
}

void append(std::vector<uint32_t>& words, const lm_attr& a) {
    switch (a.kind) {
    case LM_ATTR_INT:
    case LM_ATTR_BOOL:
        words.push_back(static_cast<uint32_t>(a.i));
        break;
    case LM_ATTR_FLOAT:
        words.push_back(word(static_cast<float>(a.f)));
        break;
    case LM_ATTR_INTS:
        for (uint64_t i = 0; i < a.count; ++i)
            words.push_back(static_cast<uint32_t>(a.ints[i]));
        break;
    case LM_ATTR_FLOATS:
        for (uint64_t i = 0; i < a.count; ++i)
            words.push_back(word(static_cast<float>(a.floats[i])));
        break;
    default:
        plugin::invalid(std::string("the attribute `") + a.name +
                        "` is text, which a kernel cannot be given");
    }
}

std::vector<uint32_t> words_of(const char* attrs, const Node& node) {
    std::vector<uint32_t> words;
    std::istringstream names(attrs != nullptr ? attrs : "");
    for (std::string name; std::getline(names, name, ',');)
        append(words, find_attr(node, name));
    return words;
}

void append_dims(std::vector<uint32_t>& words, const plugin::TensorView& tensor, bool rank_first) {
    if (rank_first)
        words.push_back(word(static_cast<int64_t>(tensor.rank())));
    for (const int64_t d : tensor.dims())
        words.push_back(word(d));
}

std::vector<uint32_t> push_constants(const lm_spirv_pass& pass, const Node& node) {
    std::vector<uint32_t> push = words_of(pass.push_attrs, node);
    const bool ranks = (pass.flags & LM_PASS_RANKS) != 0;
    for (int64_t i = 0; i < node.n_inputs(); ++i)
        append_dims(push, node.input(i), ranks);
    for (int64_t i = 0; i < node.n_outputs(); ++i)
        append_dims(push, node.output(i), ranks);
    return push;
}

/// The kernel's passes, also where it has but one and gives it in the table's own members.
std::vector<lm_spirv_pass> passes_of(const lm_kernel& kernel) {
    if (kernel.n_passes == 0)
        return {{sizeof(lm_spirv_pass), 0, kernel.spirv, kernel.spirv_words, nullptr,
                 kernel.push_attrs, kernel.dispatch}};
    std::vector<lm_spirv_pass> passes;
    for (uint64_t i = 0; i < kernel.n_passes; ++i)
        passes.push_back(*kernel.passes[i]);
    return passes;
}

// What every Vulkan device takes.
constexpr size_t kPushBytes = 128;

/// Such a kernel sees whole tensors.
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

/// Devices are opened with no feature that a module could ask for.
void check_capabilities(std::span<const uint32_t> module, const std::string& who) {
    constexpr uint32_t kHeader = 5, kCapability = 17, kMatrix = 0, kShader = 1;
    for (size_t at = kHeader; at + 1 < module.size();) {
        const uint32_t words = module[at] >> 16;
        if ((module[at] & 0xffff) != kCapability || words != 2)
            return; // capabilities come first
        if (module[at + 1] != kMatrix && module[at + 1] != kShader)
            plugin::invalid(who + ": its SPIR-V declares the capability " +
                            std::to_string(module[at + 1]) + "; only Shader (1) is there");
        at += words;
    }
}

void check_pass(const lm_spirv_pass& pass, const std::string& who) {
    constexpr uint32_t kMagic = 0x07230203;
    if (pass.struct_size < sizeof pass || pass.spirv == nullptr || pass.spirv_words < 5 ||
        pass.dispatch == nullptr)
        plugin::invalid(who + ": a Vulkan kernel needs spirv, describe and dispatch");
    if (pass.spirv[0] != kMagic)
        plugin::invalid(who + ": its words are not SPIR-V");
    check_capabilities({pass.spirv, pass.spirv_words}, who);
}

} // namespace

void check_foreign(const lm_kernel& kernel) {
    const std::string who = std::string("kernel ") + kernel.name;
    if (kernel.describe == nullptr)
        plugin::invalid(who + ": a Vulkan kernel needs spirv, describe and dispatch");
    if (kernel.spirv_entry != nullptr && std::strcmp(kernel.spirv_entry, "main") != 0)
        plugin::invalid(who + ": the entry must be `main`, not `" + kernel.spirv_entry + "`");
    if (kernel.n_passes != 0 && kernel.spirv != nullptr)
        plugin::invalid(who + ": it has both spirv and passes");
    for (const lm_spirv_pass& pass : passes_of(kernel))
        check_pass(pass, who);
}

lm_candidate describe_foreign(const lm_kernel& kernel, const lm_host* host, const Limits& limits,
                              const Node& node) {
    check_sizes(limits, node);
    for (const lm_spirv_pass& pass : passes_of(kernel))
        if (push_constants(pass, node).size() * sizeof(uint32_t) > kPushBytes)
            plugin::unsupported("its push constants are beyond 128 bytes");
    lm_candidate candidate{};
    candidate.struct_size = sizeof candidate;
    candidate.numerics = "reassociated";
    plugin::call(kernel.describe, host, node.raw(), &candidate);
    candidate.name = kernel.name;
    const int64_t bindings =
        node.n_inputs() + node.n_outputs() + (candidate.workspace_bytes > 0 ? 1 : 0);
    if (bindings > static_cast<int64_t>(limits.max_bindings))
        plugin::unsupported("it would bind " + std::to_string(bindings) + " buffers");
    if (candidate.workspace_bytes > limits.max_range)
        plugin::unsupported("its workspace is beyond the device's storage range of " +
                            std::to_string(limits.max_range) + " bytes");
    return candidate;
}

void build_foreign(const lm_kernel& kernel, const lm_host* host, Step& step, const Node& node) {
    std::vector<Binding> bindings;
    for (int64_t i = 0; i < node.n_inputs(); ++i)
        bindings.push_back(reads(step.in(static_cast<size_t>(i))));
    for (int64_t i = 0; i < node.n_outputs(); ++i)
        bindings.push_back(updates(step.out(static_cast<size_t>(i))));
    const uint64_t workspace = describe_foreign(kernel, host, step.limits, node).workspace_bytes;
    if (workspace > 0)
        bindings.push_back(updates(step.workspace(0, workspace)));
    for (const lm_spirv_pass& pass : passes_of(kernel)) {
        uint32_t groups[3] = {1, 1, 1};
        plugin::call(pass.dispatch, host, node.raw(), groups);
        step.dispatch(std::span(pass.spirv, pass.spirv_words), words_of(pass.spec_attrs, node),
                      push_constants(pass, node), bindings, {groups[0], groups[1], groups[2]});
    }
}

} // namespace lamina::vulkan
