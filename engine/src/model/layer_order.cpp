#include "model/layer_order.hpp"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <utility>

namespace lamina {

namespace {

using Node = std::pair<int, int>; // a layer's call

/// keras.src.ops.function.map_graph: what it says of the layers.
class Depths {
  public:
    explicit Depths(const Architecture& architecture) : layers_(architecture.layers) {
        for (const TensorRef& output : architecture.outputs)
            visit({output.layer, output.node});
        for (const TensorRef& input : architecture.inputs)
            visit({input.layer, input.node}); // one that no output reads is listed too
        std::for_each(after_inputs_.rbegin(), after_inputs_.rend(),
                      [&](const Node& node) { settle(node); });
    }

    bool has(int layer) const { return found_.contains(layer); }
    bool before(int a, int b) const {
        if (of_layer_.at(a) != of_layer_.at(b))
            return of_layer_.at(a) > of_layer_.at(b);
        return found_.at(a) < found_.at(b);
    }

  private:
    const std::vector<TensorRef>& inputs(const Node& node) const {
        return layers_[static_cast<size_t>(node.first)].calls[static_cast<size_t>(node.second)];
    }
    void visit(const Node& node) {
        if (!visited_.insert(node).second)
            return;
        found_.emplace(node.first, found_.size());
        for (const TensorRef& input : inputs(node))
            visit({input.layer, input.node});
        after_inputs_.push_back(node);
    }
    /// All that read the node have been settled.
    void settle(const Node& node) {
        int& depth = of_layer_[node.first];
        depth = std::max(depth, of_node_[node]);
        for (const TensorRef& input : inputs(node)) {
            int& before = of_node_[{input.layer, input.node}];
            before = std::max(before, depth + 1);
        }
    }

    const std::vector<LayerSpec>& layers_;
    std::set<Node> visited_;
    std::map<int, size_t> found_; // in which order layers were come upon
    std::vector<Node> after_inputs_;
    std::map<Node, int> of_node_;
    std::map<int, int> of_layer_; // calls still to come to an output
};

} // namespace

Architecture in_keras_order(const Architecture& from) {
    const Depths depths(from);
    std::vector<int> order(from.layers.size());
    std::iota(order.begin(), order.end(), 0);
    std::erase_if(order, [&](int layer) { return !depths.has(layer); });
    std::stable_sort(order.begin(), order.end(), [&](int a, int b) { return depths.before(a, b); });

    std::map<int, int> place;
    for (size_t i = 0; i < order.size(); ++i)
        place[order[i]] = static_cast<int>(i);
    const auto move = [&](std::vector<TensorRef>& refs) {
        for (TensorRef& ref : refs)
            ref.layer = place.at(ref.layer);
    };
    Architecture to = from;
    to.layers.clear();
    for (const int layer : order) {
        to.layers.push_back(from.layers[static_cast<size_t>(layer)]);
        for (auto& call : to.layers.back().calls)
            move(call);
    }
    move(to.inputs);
    move(to.outputs);
    return to;
}

} // namespace lamina
