/// What depends on constants alone is worked out now.
#include <algorithm>

#include "graph/operators.hpp"
#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace lamina {

namespace {

/// Larger results are cheaper to compute again than to keep.
constexpr int64_t kMostElements = 1 << 16;

bool foldable(const Graph& graph, const Node& node, const std::vector<bool>& constant) {
    if (node.is_leaf() || node.inputs.empty() || find_operator(node.op)->random())
        return false;
    const auto is_constant = [&](ValueId v) { return constant[static_cast<size_t>(v)]; };
    const auto is_small = [&](ValueId v) {
        return graph.type(v).shape.elements() <= kMostElements;
    };
    return std::all_of(node.inputs.begin(), node.inputs.end(), is_constant) &&
           std::all_of(node.outputs.begin(), node.outputs.end(), is_small);
}

} // namespace

Graph fold_constants(const Graph& graph, const Evaluate& evaluate) {
    std::vector<bool> constant(graph.values().size());
    std::vector<bool> folded(graph.nodes().size());
    Rewrite wanted(graph); // the constant part alone
    bool any = false;
    for (size_t id = 0; id < graph.nodes().size(); ++id) {
        const Node& node = graph.nodes()[id];
        folded[id] = foldable(graph, node, constant);
        if (node.op != "constant" && !folded[id])
            continue;
        any = any || folded[id];
        wanted.copy(node);
        for (const ValueId v : node.outputs)
            constant[static_cast<size_t>(v)] = true;
    }
    if (!any)
        return graph;

    std::vector<bool> read(graph.values().size());
    for (size_t id = 0; id < graph.nodes().size(); ++id)
        if (!folded[id])
            for (const ValueId v : graph.nodes()[id].inputs)
                read[static_cast<size_t>(v)] = true;
    for (const auto& [name, v] : graph.outputs())
        read[static_cast<size_t>(v)] = true;
    for (const Variable& v : graph.variables())
        if (v.update != kNone)
            read[static_cast<size_t>(v.update)] = true;
    Graph part = std::move(wanted.to());
    for (size_t id = 0; id < graph.nodes().size(); ++id)
        if (folded[id])
            for (const ValueId v : graph.nodes()[id].outputs)
                if (read[static_cast<size_t>(v)])
                    part.add_output(std::to_string(v), wanted[v]);
    const auto values = evaluate(std::move(part));

    Rewrite rewrite(graph);
    for (size_t id = 0; id < graph.nodes().size(); ++id) {
        const Node& node = graph.nodes()[id];
        if (!folded[id]) {
            rewrite.copy(node);
            continue;
        }
        for (const ValueId v : node.outputs)
            if (read[static_cast<size_t>(v)])
                rewrite.set(v, rewrite.to().add_constant(values.at(std::to_string(v))));
    }
    return rewrite.finish();
}

} // namespace lamina
