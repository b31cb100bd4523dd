/// Puts updates where their gradients are ready, so that those need not be kept to the end of the
/// step.
#include <map>
#include <queue>
#include <set>

#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace lamina {

namespace {

/// The nodes that lead to nothing but updates, in order: they may run as soon as they can.
std::vector<bool> only_for_updates(const Graph& graph) {
    std::vector<bool> other(graph.values().size());
    for (const auto& [name, v] : graph.outputs())
        other[static_cast<size_t>(v)] = true;
    for (size_t id = graph.nodes().size(); id-- > 0;) {
        const Node& node = graph.nodes()[id];
        bool any = false;
        for (const ValueId v : node.outputs)
            any = any || other[static_cast<size_t>(v)];
        // Gradients themselves feed updates alone: only what is named so is moved.
        if (any || !node.name.starts_with("update/"))
            for (const ValueId v : node.inputs)
                other[static_cast<size_t>(v)] = true;
    }
    std::vector<bool> out(graph.nodes().size());
    for (size_t id = 0; id < graph.nodes().size(); ++id) {
        const Node& node = graph.nodes()[id];
        out[id] = !node.is_leaf() && node.name.starts_with("update/");
        for (const ValueId v : node.outputs)
            out[id] = out[id] && !other[static_cast<size_t>(v)];
    }
    return out;
}

} // namespace

Graph schedule(const Graph& graph) {
    const size_t n = graph.nodes().size();
    const auto early = only_for_updates(graph);
    std::vector<std::vector<size_t>> followers(n);
    std::vector<int> missing(n);
    const auto order = [&](size_t before, size_t after) {
        if (before == after)
            return;
        followers[before].push_back(after);
        ++missing[after];
    };
    for (size_t id = 0; id < n; ++id)
        for (const ValueId v : graph.nodes()[id].inputs)
            order(static_cast<size_t>(graph.value(v).producer), id);
    // A variable is overwritten where it lies once its last other reader has run.
    for (const Variable& variable : graph.variables()) {
        if (variable.update == kNone)
            continue;
        const auto writer = static_cast<size_t>(graph.value(variable.update).producer);
        if (!early[writer])
            continue;
        for (size_t id = 0; id < n; ++id) {
            if (early[id])
                continue;
            for (const ValueId v : graph.nodes()[id].inputs)
                if (v == variable.value)
                    order(id, writer);
        }
    }
    using Entry =
        std::pair<bool, size_t>; // false first: an update that is ready goes before all else
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
    for (size_t id = 0; id < n; ++id)
        if (missing[id] == 0)
            ready.emplace(!early[id] && !graph.nodes()[id].is_leaf(), id);
    Rewrite rewrite(graph);
    while (!ready.empty()) {
        const size_t id = ready.top().second;
        ready.pop();
        rewrite.copy(graph.nodes()[id]);
        for (const size_t next : followers[id])
            if (--missing[next] == 0)
                ready.emplace(!early[next], next);
    }
    return rewrite.finish();
}

} // namespace lamina
