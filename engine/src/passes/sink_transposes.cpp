/// Moves transposes behind elementwise operators, where they meet their inverses and cancel.
#include <algorithm>

#include "graph/operators.hpp"
#include "passes/expression_builder.hpp"
#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace lamina {

namespace {

std::vector<int64_t> inverse(const std::vector<int64_t>& perm) {
    std::vector<int64_t> out(perm.size());
    for (size_t i = 0; i < perm.size(); ++i)
        out[static_cast<size_t>(perm[i])] = static_cast<int64_t>(i);
    return out;
}

class Sinker {
  public:
    explicit Sinker(const Graph& graph) : graph_(graph), rewrite_(graph) {}

    Graph run() {
        for (const Node& node : graph_.nodes())
            if (!is_elementwise(node) || !sink(node))
                rewrite_.copy(node);
        return rewrite_.finish();
    }

  private:
    Graph& to() { return rewrite_.to(); }

    /// f(transpose(a), b) = transpose(f(a, b transposed back)), where b is small or transposed
    /// alike.
    bool sink(const Node& node) {
        const std::vector<int64_t>* perm = nullptr;
        for (const ValueId v : node.inputs) {
            const Node& producer = to().producer(rewrite_[v]);
            if (producer.op == "transpose")
                perm = &producer.integers("perm");
        }
        const TensorType& type = graph_.type(node.outputs[0]);
        if (perm == nullptr || perm->size() != type.shape.rank())
            return false;
        const std::vector<int64_t> moved = *perm;
        for (const ValueId v : node.inputs)
            if (!is_moved(v, moved) && 8 * graph_.type(v).shape.elements() > type.shape.elements())
                return false;
        std::vector<ValueId> inputs;
        for (const ValueId v : node.inputs)
            inputs.push_back(is_moved(v, moved) ? to().producer(rewrite_[v]).inputs[0]
                                                : moved_back(node, rewrite_[v], moved));
        const ValueId out =
            add_operator(to(), node.op, node.name, node.layer, inputs, node.attrs)[0];
        rewrite_.set(node.outputs[0], add_operator(to(), "transpose", node.name + "/transpose",
                                                   node.layer, {out}, {{"perm", moved}})[0]);
        return true;
    }
    bool is_moved(ValueId old, const std::vector<int64_t>& perm) {
        const Node& producer = to().producer(rewrite_[old]);
        return producer.op == "transpose" && producer.integers("perm") == perm;
    }
    ValueId moved_back(const Node& node, ValueId value, const std::vector<int64_t>& perm) {
        const Shape& shape = to().type(value).shape;
        if (shape.elements() == 1 && shape.rank() == 0)
            return value;
        std::vector<int64_t> dims(perm.size() - shape.rank(), 1);
        dims.insert(dims.end(), shape.begin(), shape.end());
        const ValueId full = add_operator(to(), "reshape", node.name + "/reshape", node.layer,
                                          {value}, {{"shape", dims}})[0];
        return add_operator(to(), "transpose", node.name + "/transpose", node.layer, {full},
                            {{"perm", inverse(perm)}})[0];
    }

    const Graph& graph_;
    Rewrite rewrite_;
};

} // namespace

Graph sink_transposes(const Graph& graph) { return Sinker(graph).run(); }

} // namespace lamina
