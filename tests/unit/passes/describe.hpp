/// What passes ask of a backend, and what folds their constants.
#pragma once

#include "passes/passes.hpp"
#include "plugins/host.hpp"
#include "random_graph.hpp"

namespace lamina::test {

inline std::shared_ptr<Device> device(const char* name) { return Device::open(name); }

inline Describe describe_on(const std::shared_ptr<Device>& device) {
    return [device](const Graph& graph, const Node& node) {
        std::vector<Selection> out;
        const auto emit = [](void* context, const lm_candidate* c) {
            static_cast<std::vector<Selection>*>(context)->push_back(
                {c->name, c->seconds, c->workspace_bytes, c->in_place, ""});
        };
        try {
            call(device->table().describe, device->raw(), &describe_node(graph, node)->desc(), &out,
                 emit);
        } catch (const Error&) {
            out.clear(); // it cannot
        }
        return out;
    };
}

inline Evaluate evaluate_on_reference() {
    return [](Graph graph) {
        return Executable(std::move(graph), std::make_shared<VariableStore>(device("reference")),
                          {.optimize = false})
            .run({});
    };
}

} // namespace lamina::test
