/// Chooses channels_last or channels_first for each node that knows both, as the backend prefers.
#include "graph/operators.hpp"
#include "passes/passes.hpp"
#include "passes/rewrite.hpp"

namespace lamina {

namespace {

/// Which operands carry the data format; filters and the like do not.
std::vector<size_t> formatted_inputs(const Node& node) {
    if (node.op == "conv" || node.op == "conv_backward_data")
        return {0};
    if (node.op == "conv_backward_filter")
        return {0, 1};
    std::vector<size_t> all(node.inputs.size());
    for (size_t i = 0; i < all.size(); ++i)
        all[i] = i;
    return all;
}
bool output_is_formatted(const Node& node) { return node.op != "conv_backward_filter"; }

std::vector<int64_t> to_last(size_t rank) {
    std::vector<int64_t> perm{0};
    for (size_t i = 2; i < rank; ++i)
        perm.push_back(static_cast<int64_t>(i));
    perm.push_back(1);
    return perm;
}
std::vector<int64_t> to_first(size_t rank) {
    std::vector<int64_t> perm{0, static_cast<int64_t>(rank) - 1};
    for (size_t i = 1; i + 1 < rank; ++i)
        perm.push_back(static_cast<int64_t>(i));
    return perm;
}
std::vector<int64_t> permuted(const std::vector<int64_t>& dims, const std::vector<int64_t>& perm) {
    std::vector<int64_t> out;
    for (const int64_t p : perm)
        out.push_back(dims[static_cast<size_t>(p)]);
    return out;
}

class LayoutChooser {
  public:
    LayoutChooser(const Graph& graph, const Describe& describe)
        : graph_(graph), describe_(describe), rewrite_(graph) {}

    Graph run() {
        for (const Node& node : graph_.nodes()) {
            const bool first = node.attrs.contains("data_format") &&
                               node.string("data_format") == "channels_first";
            if (!first || !convert(node))
                rewrite_.copy(node);
        }
        return rewrite_.finish();
    }

  private:
    Graph& to() { return rewrite_.to(); }

    ValueId transposed(ValueId value, const std::vector<int64_t>& perm, const Node& node) {
        return add_operator(to(), "transpose", node.name + "/transpose", node.layer, {value},
                            {{"perm", perm}})[0];
    }

    /// Puts the node in channels_last between transposes, unless the backend is as fast as it
    /// stands.
    bool convert(const Node& node) {
        const auto as_it_is = describe_(graph_, node);
        Node last = node;
        last.attrs["data_format"] = std::string("channels_last");
        const size_t rank = graph_.type(node.outputs[0]).shape.rank();
        if (const auto shape = last.attrs.find("input_shape"); shape != last.attrs.end()) {
            auto& dims = std::get<std::vector<int64_t>>(shape->second);
            if (dims.size() == rank)
                dims = permuted(dims, to_last(rank));
        }
        // Described in a graph of its own, where its operands have the other layout.
        Graph probe;
        std::vector<bool> formatted(node.inputs.size());
        for (const size_t i : formatted_inputs(node))
            formatted[i] = true;
        last.inputs.clear();
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            TensorType type = graph_.type(node.inputs[i]);
            if (formatted[i])
                type.shape = Shape(
                    permuted({type.shape.begin(), type.shape.end()}, to_last(type.shape.rank())));
            last.inputs.push_back(probe.add_input("operand " + std::to_string(i), type));
        }
        const auto made =
            add_operator(probe, last.op, last.name, last.layer, last.inputs, last.attrs);
        const auto otherwise = describe_(probe, probe.producer(made[0]));
        if (otherwise.empty() || (!as_it_is.empty() && as_it_is[0].seconds <= otherwise[0].seconds))
            return false;
        std::vector<ValueId> inputs = rewrite_.mapped(node.inputs);
        for (size_t i = 0; i < inputs.size(); ++i)
            if (formatted[i])
                inputs[i] = transposed(inputs[i], to_last(to().type(inputs[i]).shape.rank()), node);
        ValueId out = add_operator(to(), last.op, last.name, last.layer, inputs, last.attrs)[0];
        if (output_is_formatted(node))
            out = transposed(out, to_first(rank), node);
        rewrite_.set(node.outputs[0], out);
        return true;
    }

    const Graph& graph_;
    const Describe& describe_;
    Rewrite rewrite_;
};

} // namespace

Graph choose_layouts(const Graph& graph, const Describe& describe) {
    return LayoutChooser(graph, describe).run();
}

} // namespace lamina
