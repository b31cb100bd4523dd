/// Which kernel runs each node, and on which device.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "lamina/device.hpp"
#include "lamina/graph.hpp"
#include "lamina/tuning.hpp"
#include "passes/plan_memory.hpp"

namespace lamina {

/// The device's candidates for the node, best first. Throws Error with the backend's reason.
/// kept: as Selection's.
std::vector<Selection> describe(const Device& device, const Graph& graph, const Node& node,
                                uint64_t kept = 0);

/// The first candidate, or the one that the user named for this operator. Throws Error that names
/// the operator, the layer, the backend and the reason.
Selection select(const Device& device, const Graph& graph, const Node& node);

using Devices = std::vector<std::shared_ptr<Device>>;

struct Placement {
    static constexpr int32_t kNowhere = -1; // leaves: they are where they are read

    std::vector<int32_t> device;       // by node
    std::vector<Selection> selections; // by node; empty for leaves and views
    std::vector<std::string> reasons;  // by node: why the devices before refused it
};

/// Puts each node on the first device that takes it; a view goes where its bytes are. Throws Error
/// as select does when none takes it. plan: of the first device's kernels; may be null.
Placement place(const Devices& devices, const Graph& graph, const TunedPlan* plan);

} // namespace lamina
