/// What the backend has no kernel for, in simpler operators; of f16 and bf16, in f32 between casts.
#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "graph/builder.hpp"
#include "graph/operators.hpp"
#include "lamina/error.hpp"
#include "passes/passes.hpp"
#include "passes/rewrite.hpp"
#include "plugins/host.hpp"

namespace lamina {

namespace {

/// A node's simpler form as a graph of its own: inputs and outputs in the node's order.
struct SimplerForm {
    Graph graph;
    std::vector<ValueId> inputs, outputs;
};

constexpr int kDeepest = 8; // an operator that decomposes into itself ends here

class Decomposer {
  public:
    Decomposer(const Graph& graph, const Describe& describe, int depth = 0)
        : graph_(graph), describe_(describe), depth_(depth), rewrite_(graph) {}

    Graph run() {
        for (const Node& node : graph_.nodes()) {
            if (is_taken(graph_, node)) {
                rewrite_.copy(node);
                continue;
            }
            if (const auto form = simpler(graph_, node))
                inline_form(*form, node);
            else
                rewrite_.copy(node); // the backend's own reason is the error
        }
        return rewrite_.finish();
    }

  private:
    bool is_taken(const Graph& graph, const Node& node) const {
        return node.is_leaf() || find_operator(node.op)->view() || !describe_(graph, node).empty();
    }

    /// Only where the backend takes every operator of it, or a simpler form of that one.
    std::optional<SimplerForm> simpler(const Graph& graph, const Node& node) const {
        if (depth_ == kDeepest)
            return std::nullopt;
        if (auto form = taken(in_f32(graph, node), graph, node))
            return form;
        return taken(own_decomposition(graph, node), graph, node);
    }
    std::optional<SimplerForm> taken(const std::optional<SimplerForm>& form, const Graph& graph,
                                     const Node& node) const {
        if (!form)
            return std::nullopt;
        const Graph simple = Decomposer(form->graph, describe_, depth_ + 1).run();
        for (const Node& n : simple.nodes())
            if (!is_taken(simple, n))
                return std::nullopt;
        SimplerForm out{simple, {}, {}};
        for (size_t i = 0; i < node.inputs.size(); ++i)
            out.inputs.push_back(
                out.graph.add_input(std::to_string(i), graph.type(node.inputs[i])));
        for (const auto& [name, value] : simple.outputs())
            out.outputs.push_back(value);
        return out;
    }

    static bool is_half(const TensorType& type) {
        return type.dtype == DType::F16 || type.dtype == DType::BF16;
    }
    static ValueId cast(Graph& graph, const Node& node, ValueId value, DType dtype) {
        return add_operator(graph, "cast", node.name + "/cast", "", {value},
                            {{"dtype", std::string(name(dtype))}})[0];
    }

    /// The operator itself on f32, where it takes f16 or bf16.
    static std::optional<SimplerForm> in_f32(const Graph& graph, const Node& node) {
        const auto half = [&](ValueId v) { return is_half(graph.type(v)); };
        if (node.op == "cast" || std::none_of(node.inputs.begin(), node.inputs.end(), half))
            return std::nullopt;
        SimplerForm form;
        std::vector<ValueId> operands;
        for (size_t i = 0; i < node.inputs.size(); ++i) {
            const ValueId x = form.graph.add_input(std::to_string(i), graph.type(node.inputs[i]));
            form.inputs.push_back(x);
            operands.push_back(half(node.inputs[i]) ? cast(form.graph, node, x, DType::F32) : x);
        }
        form.outputs = add_operator(form.graph, node.op, node.name, "", operands, node.attrs);
        for (size_t i = 0; i < form.outputs.size(); ++i) {
            const DType wanted = graph.type(node.outputs[i]).dtype;
            if (form.graph.type(form.outputs[i]).dtype != wanted)
                form.outputs[i] = cast(form.graph, node, form.outputs[i], wanted);
            form.graph.add_output(std::to_string(i), form.outputs[i]);
        }
        return form;
    }

    static std::optional<SimplerForm> own_decomposition(const Graph& graph, const Node& node) {
        const auto& table = find_operator(node.op)->table();
        if (table.decompose == nullptr)
            return std::nullopt;
        SimplerForm form;
        for (size_t i = 0; i < node.inputs.size(); ++i)
            form.inputs.push_back(
                form.graph.add_input(std::to_string(i), graph.type(node.inputs[i])));
        form.outputs.assign(node.outputs.size(), kNone);
        BuildHooks none;
        lm_graph context{form.graph, none, LM_MODE_TRAIN, "", node.name + "/", {}};
        try {
            call(table.decompose, host_table(), &context, &describe_node(graph, node)->desc(),
                 form.inputs.data(), form.outputs.data());
        } catch (const Error& e) {
            if (e.code() == StatusCode::Unsupported)
                return std::nullopt; // a convolution without an epilogue has no simpler form
            throw;
        }
        for (size_t i = 0; i < form.outputs.size(); ++i) {
            expect_type(form.graph, form.outputs[i], node, graph.type(node.outputs[i]));
            form.graph.add_output(std::to_string(i), form.outputs[i]);
        }
        return form;
    }

    /// What readers of the node were built for is what its shape rule said.
    static void expect_type(const Graph& form, ValueId value, const Node& node,
                            const TensorType& wanted) {
        const bool there = value >= 0 && static_cast<size_t>(value) < form.values().size();
        if (!there || !(form.type(value) == wanted))
            throw ShapeError(fmt::format(
                "{} ({}): its shape rule says {}, its simpler form gives {}", node.name, node.op,
                wanted.to_string(), there ? form.type(value).to_string() : "nothing"));
    }

    void inline_form(const SimplerForm& form, const Node& node) {
        std::vector<ValueId> made(form.graph.values().size(), kNone);
        for (size_t i = 0; i < form.inputs.size(); ++i)
            made[static_cast<size_t>(form.inputs[i])] = rewrite_[node.inputs[i]];
        for (const Node& n : form.graph.nodes()) {
            if (n.op == "constant")
                made[static_cast<size_t>(n.outputs[0])] =
                    rewrite_.to().add_constant(form.graph.constant(n.outputs[0]));
            if (n.is_leaf())
                continue;
            std::vector<ValueId> inputs;
            for (const ValueId v : n.inputs)
                inputs.push_back(made[static_cast<size_t>(v)]);
            const auto outputs =
                add_operator(rewrite_.to(), n.op, n.name, node.layer, inputs, n.attrs);
            for (size_t i = 0; i < outputs.size(); ++i)
                made[static_cast<size_t>(n.outputs[i])] = outputs[i];
        }
        for (size_t i = 0; i < node.outputs.size(); ++i)
            rewrite_.set(node.outputs[i], made[static_cast<size_t>(form.outputs[i])]);
    }

    const Graph& graph_;
    const Describe& describe_;
    int depth_;
    Rewrite rewrite_;
};

} // namespace

Graph decompose(const Graph& graph, const Describe& describe) {
    return Decomposer(graph, describe).run();
}

} // namespace lamina
