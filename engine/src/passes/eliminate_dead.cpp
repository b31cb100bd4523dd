#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace lamina {

Graph eliminate_dead(const Graph& graph) {
    std::vector<bool> live(graph.values().size());
    const auto need = [&](ValueId v) { live[static_cast<size_t>(v)] = true; };
    for (const auto& [name, value] : graph.outputs())
        need(value);
    for (const Variable& v : graph.variables())
        if (v.update != kNone)
            need(v.update), need(v.value);
    const auto is_live = [&](const Node& node) {
        for (const ValueId v : node.outputs)
            if (live[static_cast<size_t>(v)])
                return true;
        return false;
    };
    for (size_t id = graph.nodes().size(); id-- > 0;) {
        const Node& node = graph.nodes()[id];
        if (is_live(node))
            for (const ValueId v : node.inputs)
                need(v);
    }
    Rewrite rewrite(graph);
    for (const Node& node : graph.nodes())
        if (is_live(node))
            rewrite.copy(node);
    return rewrite.finish();
}

} // namespace lamina
