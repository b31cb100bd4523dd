#include "graph/autodiff.hpp"

#include <fmt/format.h>

#include "graph/builder.hpp"
#include "graph/node_desc.hpp"
#include "graph/operators.hpp"
#include "plugins/host.hpp"

namespace lamina {

namespace {

class Reverse {
  public:
    Reverse(Graph& graph, const std::vector<ValueId>& targets)
        : graph_(graph), n_nodes_(graph.nodes().size()) {
        depends_.resize(graph.values().size());
        for (const ValueId t : targets)
            depends_[static_cast<size_t>(t)] = true;
        for (const Node& node : graph.nodes()) {
            bool any = false;
            for (const ValueId v : node.inputs)
                any = any || depends_[static_cast<size_t>(v)];
            if (any)
                for (const ValueId v : node.outputs)
                    depends_[static_cast<size_t>(v)] = true;
        }
        gradients_.resize(graph.values().size(), kNone);
    }

    void run(ValueId loss) {
        if (graph_.type(loss).shape.elements() != 1)
            throw ShapeError("the loss must be a scalar, got " + graph_.type(loss).to_string());
        Tensor one = Tensor::from(std::vector<float>{1.0f}, graph_.type(loss).shape);
        gradients_[static_cast<size_t>(loss)] =
            graph_.add_constant(one.cast(graph_.type(loss).dtype));
        for (size_t i = n_nodes_; i-- > 0;)
            step(static_cast<NodeId>(i));
    }

    ValueId gradient(ValueId value) const { return gradients_[static_cast<size_t>(value)]; }

  private:
    void step(NodeId id) {
        // A copy: the rule adds nodes to the graph.
        const Node node = graph_.node(id);
        if (node.is_leaf())
            return;
        std::vector<lm_value> output_grads;
        bool arrives = false;
        for (const ValueId v : node.outputs) {
            output_grads.push_back(gradient(v));
            arrives = arrives || gradient(v) != kNone;
        }
        bool wanted = false;
        for (const ValueId v : node.inputs)
            wanted = wanted || depends_[static_cast<size_t>(v)];
        if (!arrives || !wanted)
            return;
        const auto op = find_operator(node.op);
        if (op->table().gradient == nullptr)
            fail(StatusCode::Unsupported,
                 fmt::format("{} ({}): the operator has no gradient, but the loss depends on a "
                             "trainable value through it",
                             node.name, node.op));
        std::vector<lm_value> input_grads(node.inputs.size(), kNone);
        const auto desc = describe_node(graph_, node);
        BuildHooks none;
        lm_graph context{graph_, none, LM_MODE_TRAIN, node.layer, "gradient/", {}};
        lm_error error{};
        const lm_status status = attempt(error, op->table().gradient, host_table(), &context,
                                         &desc->desc(), node.inputs.data(), node.outputs.data(),
                                         output_grads.data(), input_grads.data());
        check(status, error, fmt::format("gradient of {} ({})", node.name, node.op).c_str());
        for (size_t i = 0; i < node.inputs.size(); ++i)
            accumulate(node, node.inputs[i], input_grads[i]);
    }

    void accumulate(const Node& node, ValueId value, ValueId gradient) {
        if (gradient == kNone || !depends_[static_cast<size_t>(value)])
            return;
        if (!(graph_.type(gradient) == graph_.type(value)))
            throw ShapeError(fmt::format("gradient of {} ({}): for an input {} the rule gave {}",
                                         node.name, node.op, graph_.type(value).to_string(),
                                         graph_.type(gradient).to_string()));
        ValueId& sum = gradients_[static_cast<size_t>(value)];
        sum = sum == kNone
                  ? gradient
                  : add_operator(graph_, "add", "gradient/" + graph_.producer(value).name + "/add",
                                 graph_.producer(value).layer, {sum, gradient})[0];
    }

    Graph& graph_;
    size_t n_nodes_;
    std::vector<bool> depends_;
    std::vector<ValueId> gradients_;
};

} // namespace

std::vector<ValueId> differentiate(Graph& graph, ValueId loss,
                                   const std::vector<ValueId>& targets) {
    Reverse reverse(graph, targets);
    reverse.run(loss);
    std::vector<ValueId> out;
    for (const ValueId t : targets)
        out.push_back(reverse.gradient(t));
    return out;
}

} // namespace lamina
