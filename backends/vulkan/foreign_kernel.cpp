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

void push_attr(std::vector<uint32_t>& push, const lm_attr& a) {
    switch (a.kind) {
    case LM_ATTR_INT:
    case LM_ATTR_BOOL:
        push.push_back(static_cast<uint32_t>(a.i));
        break;
    case LM_ATTR_FLOAT:
        push.push_back(word(static_cast<float>(a.f)));
        break;
    case LM_ATTR_INTS:
        for (uint64_t i = 0; i < a.count; ++i)
            push.push_back(static_cast<uint32_t>(a.ints[i]));
        break;
    case LM_ATTR_FLOATS:
        for (uint64_t i = 0; i < a.count; ++i)
            push.push_back(word(static_cast<float>(a.floats[i])));
        break;
    default:
        plugin::invalid(std::string("the attribute `") + a.name +
                        "` is text, which a kernel cannot be pushed");
    }
}

std::vector<uint32_t> push_constants(const lm_kernel& kernel, const Node& node) {
    std::vector<uint32_t> push;
    std::istringstream names(kernel.push_attrs != nullptr ? kernel.push_attrs : "");
    for (std::string name; std::getline(names, name, ',');)
        push_attr(push, find_attr(node, name));
    for (int64_t i = 0; i < node.n_inputs(); ++i)
        for (const int64_t d : node.input(i).dims())
            push.push_back(word(d));
    for (int64_t i = 0; i < node.n_outputs(); ++i)
        for (const int64_t d : node.output(i).dims())
            push.push_back(word(d));
    return push;
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

} // namespace

void check_foreign(const lm_kernel& kernel) {
    if (kernel.spirv == nullptr || kernel.spirv_words < 5 || kernel.dispatch == nullptr ||
        kernel.describe == nullptr)
        plugin::invalid(std::string("kernel ") + kernel.name +
                        ": a Vulkan kernel needs spirv, describe and dispatch");
    if (kernel.spirv_entry != nullptr && std::strcmp(kernel.spirv_entry, "main") != 0)
        plugin::invalid(std::string("kernel ") + kernel.name + ": the entry must be `main`, not `" +
                        kernel.spirv_entry + "`");
}

lm_candidate describe_foreign(const lm_kernel& kernel, const lm_host* host, const Limits& limits,
                              const Node& node) {
    check_sizes(limits, node);
    const int64_t bindings = node.n_inputs() + node.n_outputs();
    if (bindings > static_cast<int64_t>(limits.max_bindings))
        plugin::unsupported("it would bind " + std::to_string(bindings) + " buffers");
    if (push_constants(kernel, node).size() * sizeof(uint32_t) > kPushBytes)
        plugin::unsupported("its push constants are beyond 128 bytes");
    lm_candidate candidate{};
    candidate.struct_size = sizeof candidate;
    candidate.numerics = "reassociated";
    plugin::call(kernel.describe, host, node.raw(), &candidate);
    candidate.name = kernel.name;
    return candidate;
}

void build_foreign(const lm_kernel& kernel, const lm_host* host, Step& step, const Node& node) {
    uint32_t groups[3] = {1, 1, 1};
    plugin::call(kernel.dispatch, host, node.raw(), groups);
    std::vector<Binding> bindings;
    for (int64_t i = 0; i < node.n_inputs(); ++i)
        bindings.push_back(reads(step.in(static_cast<size_t>(i))));
    for (int64_t i = 0; i < node.n_outputs(); ++i)
        bindings.push_back(writes(step.out(static_cast<size_t>(i))));
    step.dispatch(std::span(kernel.spirv, kernel.spirv_words), {}, push_constants(kernel, node),
                  bindings, {groups[0], groups[1], groups[2]});
}

} // namespace lamina::vulkan
