#include "passes/mixed_precision.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <string_view>

#include "graph/operators.hpp"
#include "passes/expression_builder.hpp"
#include "passes/rewrite.hpp"

namespace lamina {

namespace {

template <size_t N>
bool is_among(const std::array<std::string_view, N>& names, const Node& node) {
    return std::find(names.begin(), names.end(), node.op) != names.end();
}

bool is_product(const Node& node) {
    return is_among<4>({"conv", "conv_backward_data", "conv_backward_filter", "matmul"}, node);
}
/// Their arithmetic, if any, is the backend's in f32; what they give is as wide as what they take.
bool keeps_width(const Node& node) {
    return is_elementwise(node) ||
           is_among<9>({"reshape", "transpose", "broadcast_to", "pad", "slice", "concat",
                        "max_pool", "avg_pool", "resize"},
                       node);
}
bool is_normalisation(const Node& node) {
    return is_among<2>({"batch_norm_training", "batch_norm_inference"}, node);
}

class Narrower {
  public:
    Narrower(const Graph& graph, DType storage)
        : graph_(graph), storage_(storage), rewrite_(graph), width_(graph.values().size()) {}

    Rewritten run() {
        for (const Node& node : graph_.nodes())
            place(node);
        std::vector<ValueId> values;
        for (size_t v = 0; v < graph_.values().size(); ++v)
            values.push_back(rewrite_[static_cast<ValueId>(v)]);
        for (const Variable& v : graph_.variables())
            if (v.update != kNone)
                rewrite_.set(v.update, as(v.update, DType::F32));
        return {rewrite_.finish(), std::move(values)};
    }

  private:
    enum class Width : uint8_t {
        Any,  // f32, but its readers need not be: weights, constants, random draws
        Full, // f32, and so are elementwise operators that read it
        Half
    };

    Graph& to() { return rewrite_.to(); }
    Width& width(ValueId old) { return width_[static_cast<size_t>(old)]; }

    bool changes_width(ValueId made) {
        const DType type = to().type(made).dtype;
        return type == DType::F32 || type == storage_;
    }

    /// The old value as f32 or as it is stored; what is neither stays.
    ValueId as(ValueId old, DType type) {
        const ValueId made = rewrite_[old];
        if (!changes_width(made) || to().type(made).dtype == type)
            return made;
        const auto [it, is_new] = casts_.emplace(std::pair(made, type), kNone);
        if (is_new) {
            const Node& producer = to().producer(made);
            const std::string dtype(name(type));
            it->second = add_operator(to(), "cast", producer.name + "/" + dtype, producer.layer,
                                      {made}, {{"dtype", dtype}})[0];
        }
        return it->second;
    }

    void place(const Node& node) {
        if (node.is_leaf()) {
            rewrite_.copy(node);
            width(node.outputs[0]) = node.op == "input" ? Width::Full : Width::Any;
        } else if (is_product(node)) {
            add(node, node.inputs.size(), storage_, Width::Half);
        } else if (is_normalisation(node) && width(node.inputs[0]) == Width::Half) {
            add(node, 1, storage_, Width::Half); // statistics, scale and shift in f32
            for (size_t i = 1; i < node.outputs.size(); ++i)
                width(node.outputs[i]) = Width::Full;
        } else if (node.op == "cast") {
            const Width wide = width(node.inputs[0]) == Width::Any ? Width::Any : Width::Full;
            add(node, 0, storage_, wide); // the author's own
        } else if (find_operator(node.op)->random()) {
            add(node, node.inputs.size(), DType::F32, Width::Any);
        } else {
            const Width wide = keeps_width(node) ? joint_width(node) : Width::Full;
            add(node, node.inputs.size(), wide == Width::Half ? storage_ : DType::F32, wide);
        }
    }

    /// What was computed in f32 with reason is not rounded for the sake of what stands beside it.
    Width joint_width(const Node& node) {
        Width joint = Width::Any;
        for (const ValueId v : node.inputs) {
            if (!is_floating(graph_.type(v).dtype))
                continue;
            if (width(v) == Width::Full)
                return Width::Full;
            if (width(v) == Width::Half)
                joint = Width::Half;
        }
        return joint;
    }

    /// The node on its first `n` inputs as `type`, and the others as they are.
    void add(const Node& node, size_t n, DType type, Width wide) {
        std::vector<ValueId> inputs;
        for (size_t i = 0; i < node.inputs.size(); ++i)
            inputs.push_back(i < n ? as(node.inputs[i], type) : rewrite_[node.inputs[i]]);
        const auto outputs = add_operator(to(), node.op, node.name, node.layer, inputs, node.attrs);
        for (size_t i = 0; i < outputs.size(); ++i) {
            rewrite_.set(node.outputs[i], outputs[i]);
            width(node.outputs[i]) = wide;
        }
    }

    const Graph& graph_;
    DType storage_;
    Rewrite rewrite_;
    std::vector<Width> width_; // by old value
    std::map<std::pair<ValueId, DType>, ValueId> casts_;
};

class SumKeeper {
  public:
    explicit SumKeeper(const Graph& graph) : graph_(graph), uses_(graph.use_counts()) {
        for (const Node& node : graph.nodes())
            if (is_widening(node))
                if (const NodeId sum = sum_behind(node.inputs[0]); sum != kNone)
                    kept_.insert(sum);
    }

    Graph run() {
        Rewrite rewrite(graph_);
        for (size_t id = 0; id < graph_.nodes().size(); ++id) {
            const Node& node = graph_.nodes()[id];
            const bool kept = kept_.contains(static_cast<NodeId>(id));
            const bool follows =
                !node.inputs.empty() && rewrite.to().type(rewrite[node.inputs[0]]).dtype !=
                                            graph_.type(node.inputs[0]).dtype;
            if (follows && is_widening(node)) {
                rewrite.set(node.outputs[0], rewrite[node.inputs[0]]);
            } else if (kept || follows) {
                Attributes attrs = node.attrs;
                if (kept)
                    attrs["result_dtype"] = std::string("f32");
                rewrite.set(node.outputs[0],
                            add_operator(rewrite.to(), node.op, node.name, node.layer,
                                         rewrite.mapped(node.inputs), attrs)[0]);
            } else {
                rewrite.copy(node);
            }
        }
        return rewrite.finish();
    }

  private:
    bool is_widening(const Node& node) const {
        return node.op == "cast" && graph_.type(node.outputs[0]).dtype == DType::F32 &&
               size_of(graph_.type(node.inputs[0]).dtype) == 2;
    }
    /// The product or sum of which the value is all that is read, shaped anew or not; else kNone.
    NodeId sum_behind(ValueId value) const {
        while (uses_[static_cast<size_t>(value)] == 1) {
            const Node& node = graph_.producer(value);
            if (node.op == "reshape") {
                value = node.inputs[0];
                continue;
            }
            const bool sums =
                is_product(node) || node.op == "reduce_sum" || node.op == "reduce_mean";
            return sums ? graph_.value(value).producer : kNone;
        }
        return kNone;
    }

    const Graph& graph_;
    std::vector<int32_t> uses_;
    std::set<NodeId> kept_;
};

} // namespace

Rewritten store_as(const Graph& graph, DType storage) { return Narrower(graph, storage).run(); }

Graph keep_f32_sums(const Graph& graph) { return SumKeeper(graph).run(); }

} // namespace lamina
