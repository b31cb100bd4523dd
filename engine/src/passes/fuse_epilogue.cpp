/// Elementwise operators behind a convolution or a product move into it: bias, activation,
/// residual.
#include <map>
#include <set>

#include "graph/operators.hpp"
#include "passes/expression_builder.hpp"
#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace lamina {

namespace {

constexpr size_t kMostInstructions =
    6; // longer ones are clusters of their own: the product's registers are needed

class EpilogueFuser {
  public:
    EpilogueFuser(const Graph& graph, const Describe& describe)
        : graph_(graph), describe_(describe), uses_(graph.use_counts()),
          users_(graph.values().size()) {
        for (size_t id = 0; id < graph.nodes().size(); ++id)
            for (const ValueId v : graph.nodes()[id].inputs)
                users_[static_cast<size_t>(v)].push_back(static_cast<NodeId>(id));
    }

    Graph run() {
        for (size_t id = 0; id < graph_.nodes().size(); ++id) {
            const Node& node = graph_.nodes()[id];
            if ((node.op == "conv" || node.op == "matmul" || node.op == "conv_backward_data") &&
                node.string("epilogue").empty())
                plan(static_cast<NodeId>(id));
        }
        Rewrite rewrite(graph_);
        for (size_t id = 0; id < graph_.nodes().size(); ++id) {
            const auto at = static_cast<NodeId>(id);
            if (const auto it = ends_.find(at); it != ends_.end())
                emit(rewrite, it->second, graph_.node(at));
            else if (!swallowed_.contains(at))
                rewrite.copy(graph_.node(at));
        }
        return rewrite.finish();
    }

  private:
    struct Fusion {
        NodeId product;
        std::vector<NodeId> chain;
    };

    /// The elementwise operator that alone reads the value and keeps its shape, or kNone. Where two
    /// products meet in one operator, the first has it.
    NodeId next(ValueId value) const {
        if (uses_[static_cast<size_t>(value)] != 1 ||
            users_[static_cast<size_t>(value)].size() != 1)
            return kNone;
        const NodeId id = users_[static_cast<size_t>(value)][0];
        const Node& node = graph_.node(id);
        const bool fits = is_elementwise(node) &&
                          graph_.type(node.outputs[0]) == graph_.type(value) &&
                          !swallowed_.contains(id);
        return fits ? id : kNone;
    }

    void plan(NodeId product) {
        std::vector<NodeId> chain;
        ValueId value = graph_.node(product).outputs[0];
        for (NodeId id = next(value); id != kNone && chain.size() < kMostInstructions;
             id = next(value)) {
            chain.push_back(id);
            value = graph_.node(id).outputs[0];
        }
        // The longest chain that the backend takes.
        for (; !chain.empty(); chain.pop_back()) {
            if (!accepts(product, chain))
                continue;
            swallowed_.insert(product);
            swallowed_.insert(chain.begin(), chain.end());
            ends_[chain.back()] = {product, chain};
            return;
        }
    }

    Node fused(NodeId product, const std::vector<NodeId>& chain) const {
        Node node = graph_.node(product);
        ExpressionBuilder builder(graph_, node.outputs[0]);
        for (const NodeId id : chain)
            builder.append(graph_.node(id));
        node.inputs.insert(node.inputs.end(), builder.inputs().begin() + 1, builder.inputs().end());
        node.attrs["epilogue"] = builder.text();
        node.outputs = graph_.node(chain.back()).outputs;
        return node;
    }

    bool accepts(NodeId product, const std::vector<NodeId>& chain) const {
        return !describe_(graph_, fused(product, chain)).empty();
    }

    void emit(Rewrite& rewrite, const Fusion& fusion, const Node& last) {
        Node node = fused(fusion.product, fusion.chain);
        const auto out = add_operator(rewrite.to(), node.op, node.name, node.layer,
                                      rewrite.mapped(node.inputs), node.attrs);
        rewrite.set(last.outputs[0], out[0]);
    }

    const Graph& graph_;
    const Describe& describe_;
    std::vector<int32_t> uses_;
    std::vector<std::vector<NodeId>> users_;
    std::map<NodeId, Fusion> ends_; // by the chain's last node
    std::set<NodeId> swallowed_;
};

} // namespace

Graph fuse_epilogues(const Graph& graph, const Describe& describe) {
    return EpilogueFuser(graph, describe).run();
}

} // namespace lamina
