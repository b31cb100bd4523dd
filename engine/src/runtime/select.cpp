#include "runtime/select.hpp"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "graph/node_desc.hpp"
#include "graph/operators.hpp"
#include "plugins/host.hpp"
#include "runtime/prepared.hpp"

namespace lamina {

std::vector<Selection> describe(const Device& device, const Graph& graph, const Node& node,
                                uint64_t kept) {
    const auto desc = describe_node(graph, node, kept);
    std::vector<Selection> out;
    const auto emit = [](void* context, const lm_candidate* c) {
        static_cast<std::vector<Selection>*>(context)->push_back(
            {c->name, c->seconds, c->workspace_bytes, c->in_place,
             c->numerics == nullptr ? "" : c->numerics, c->packed_bytes, false});
    };
    call(device.table().describe, device.raw(), &desc->desc(), &out, emit);
    for (Selection& s : out)
        s.kept = kept;
    return out;
}

namespace {

std::string of_layer(const Node& node) {
    return node.layer.empty() ? "" : fmt::format(" of layer {}", node.layer);
}

[[noreturn]] void refuse(const Device& device, const Node& node, StatusCode code,
                         const std::string& reason) {
    fail(code, fmt::format("backend {} cannot run operator {}{}: {}", device.backend(), node.op,
                           of_layer(node), reason));
}

/// The candidates, or none and why.
std::vector<Selection> candidates(const Device& device, const Graph& graph, const Node& node,
                                  uint64_t kept, std::string& reason) {
    try {
        auto out = describe(device, graph, node, kept);
        if (out.empty())
            reason = "it has no kernel for this case";
        return out;
    } catch (const Error& e) {
        if (e.code() != StatusCode::Unsupported)
            refuse(device, node, e.code(), e.what());
        reason = e.what();
        return {};
    }
}

/// `winograd` asks for the first of winograd_f2x3, winograd_f4x3, ...
bool asks_for(const std::string& wanted, const std::string& kernel) {
    return kernel == wanted || kernel.starts_with(wanted + '_');
}

/// The planned kernel; nothing where the plan does not know the operator, or the device does not
/// offer the kernel any more.
std::optional<Selection> planned(const TunedPlan& plan, const Graph& graph, const Node& node,
                                 const std::vector<Selection>& among) {
    const std::string* kernel = plan.kernel(signature(graph, node));
    for (const Selection& c : among)
        if (kernel != nullptr && c.candidate == *kernel) {
            Selection chosen = c;
            chosen.tuned = true;
            return chosen;
        }
    return std::nullopt;
}

Selection choose(const Device& device, const Graph& graph, const Node& node,
                 const std::vector<Selection>& among, const TunedPlan* plan) {
    const std::string forced = device.forced(node.op);
    if (forced.empty())
        return plan == nullptr ? among[0] : planned(*plan, graph, node, among).value_or(among[0]);
    std::string names;
    for (const Selection& c : among) {
        if (asks_for(forced, c.candidate))
            return c;
        names += (names.empty() ? "" : ", ") + c.candidate;
    }
    refuse(device, node, StatusCode::Unsupported,
           fmt::format("the kernel `{}` was asked for; here there are: {}", forced, names));
}

} // namespace

Selection select(const Device& device, const Graph& graph, const Node& node) {
    std::string reason;
    const auto among = candidates(device, graph, node, 0, reason);
    if (among.empty())
        refuse(device, node, StatusCode::Unsupported, reason);
    return choose(device, graph, node, among, nullptr);
}

/// kept: by value, whether every run of the program finds the same in it.
static Placement place(const Devices& devices, const Graph& graph, const TunedPlan* plan,
                       const std::vector<bool>& kept) {
    const size_t n = graph.nodes().size();
    const auto kept_inputs = [&](const Node& node) {
        uint64_t bits = 0;
        for (size_t i = 0; i < std::min<size_t>(node.inputs.size(), 64); ++i)
            bits |= uint64_t{kept[static_cast<size_t>(node.inputs[i])]} << i;
        return bits;
    };
    Placement out{std::vector(n, Placement::kNowhere), std::vector<Selection>(n),
                  std::vector<std::string>(n)};
    for (size_t id = 0; id < n; ++id) {
        const Node& node = graph.nodes()[id];
        if (node.is_leaf())
            continue;
        if (find_operator(node.op)->view()) {
            const NodeId shown = graph.value(node.inputs[0]).producer;
            out.device[id] = std::max(out.device[static_cast<size_t>(shown)], 0);
            continue;
        }
        for (size_t d = 0; d < devices.size() && out.device[id] < 0; ++d) {
            std::string reason;
            const auto among = candidates(*devices[d], graph, node, kept_inputs(node), reason);
            if (!among.empty()) {
                out.selections[id] =
                    choose(*devices[d], graph, node, among, d == 0 ? plan : nullptr);
                out.device[id] = static_cast<int32_t>(d);
                continue;
            }
            if (devices.size() == 1)
                refuse(*devices[d], node, StatusCode::Unsupported, reason);
            out.reasons[id] += fmt::format("{}{}: {}", out.reasons[id].empty() ? "" : "; ",
                                           devices[d]->backend(), reason);
        }
        if (out.device[id] < 0)
            fail(StatusCode::Unsupported, fmt::format("no backend can run operator {}{}: {}",
                                                      node.op, of_layer(node), out.reasons[id]));
    }
    return out;
}

Placement place(const Devices& devices, const Graph& graph, const TunedPlan* plan) {
    Placement out = place(devices, graph, plan, kept_values(graph));
    // Values that go from device to device do so in every run.
    if (std::any_of(out.device.begin(), out.device.end(), [](int32_t d) { return d > 0; }))
        out = place(devices, graph, plan, std::vector<bool>(graph.values().size()));
    return out;
}

} // namespace lamina
