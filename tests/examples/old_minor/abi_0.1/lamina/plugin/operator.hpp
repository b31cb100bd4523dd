/// Operators: a shape rule, a gradient written in operators, a cost.
///
///     struct Relu {
///         static constexpr auto schema = "{}";
///         static constexpr uint32_t flags = LM_OP_ELEMENTWISE;                    // optional
///         static std::vector<TensorType> infer(const Node& n);
///         static void gradient(const GradientContext& g);                            // optional
///         static Values decompose(Graph&, const Node&, const Values& inputs);        // optional
///         static Cost cost(const Node&);                                          // optional
///     };
///     LAMINA_OPERATOR(relu, Relu)
///
/// A gradient that sets nothing for an input stops there without a word, for instance where the
/// derivative is zero. An operator without `gradient` refuses to be differentiated.
#pragma once

#include "lamina/plugin/graph.hpp"

namespace lamina::plugin {

struct Cost {
    double flops = 0;
    double bytes = 0;
};

/// What a gradient rule sees: the node, its values, and the gradients that arrive at its outputs.
class GradientContext {
  public:
    GradientContext(Graph& graph, const lm_node_desc* node, const lm_value* inputs,
                    const lm_value* outputs, const lm_value* output_grads, lm_value* input_grads)
        : node(node), graph_(graph), inputs_(inputs), outputs_(outputs),
          output_grads_(output_grads), input_grads_(input_grads) {}

    Graph& graph() const { return graph_; }
    Value x(int64_t i = 0) const { return {graph_, inputs_[i]}; }
    Value y(int64_t i = 0) const { return {graph_, outputs_[i]}; }
    /// The gradient of output i; false when none arrives.
    Value dy(int64_t i = 0) const { return {graph_, output_grads_[i]}; }
    void set_dx(int64_t i, Value gradient) const { input_grads_[i] = gradient.id(); }
    /// Sums a gradient down to the shape that input i was broadcast from, and sets it.
    inline void set_broadcast_dx(int64_t i, Value gradient) const;

    const Node node;

  private:
    Graph& graph_;
    const lm_value* inputs_;
    const lm_value* outputs_;
    const lm_value* output_grads_;
    lm_value* input_grads_;
};

inline void GradientContext::set_broadcast_dx(int64_t i, Value gradient) const {
    const Dims target = x(i).shape();
    const Dims from = gradient.shape();
    if (target != from) {
        const size_t lead = from.size() - target.size();
        Dims axes;
        for (size_t axis = 0; axis < from.size(); ++axis)
            if (axis < lead || (target[axis - lead] == 1 && from[axis] != 1))
                axes.push_back(static_cast<int64_t>(axis));
        if (!axes.empty())
            gradient = reduce_sum(gradient, axes);
        gradient = reshape(gradient, target);
    }
    set_dx(i, gradient);
}

namespace detail {

template <class Op>
lm_status infer_thunk(const lm_host*, const lm_node_desc* node, void* context, lm_emit_tensor emit,
                      lm_error* error) noexcept {
    return guard(error, [&] {
        for (const TensorType& t : Op::infer(Node(node)))
            emit(context, t.dtype, static_cast<int32_t>(t.dims.size()), t.dims.data());
    });
}

template <class Op>
lm_status gradient_thunk(const lm_host* host, lm_graph* raw_graph, const lm_node_desc* node,
                         const lm_value* inputs, const lm_value* outputs,
                         const lm_value* output_grads, lm_value* input_grads,
                         lm_error* error) noexcept {
    return guard(error, [&] {
        for (uint64_t i = 0; i < node->n_inputs; ++i)
            input_grads[i] = -1;
        Graph graph(host, raw_graph);
        Op::gradient(GradientContext(graph, node, inputs, outputs, output_grads, input_grads));
    });
}

template <class Op>
lm_status decompose_thunk(const lm_host* host, lm_graph* raw_graph, const lm_node_desc* node,
                          const lm_value* inputs, lm_value* outputs, lm_error* error) noexcept {
    return guard(error, [&] {
        Graph graph(host, raw_graph);
        Values in;
        for (uint64_t i = 0; i < node->n_inputs; ++i)
            in.emplace_back(graph, inputs[i]);
        const Values out = Op::decompose(graph, Node(node), in);
        for (size_t i = 0; i < out.size(); ++i)
            outputs[i] = out[i].id();
    });
}

template <class Op>
lm_status cost_thunk(const lm_host*, const lm_node_desc* node, lm_cost* out,
                     lm_error* error) noexcept {
    return guard(error, [&] {
        const Cost cost = Op::cost(Node(node));
        out->flops = cost.flops;
        out->bytes = cost.bytes;
    });
}

} // namespace detail

template <class Op>
constexpr lm_operator operator_table() {
    lm_operator table{};
    table.struct_size = sizeof table;
    if constexpr (requires { Op::flags; })
        table.flags = Op::flags;
    table.schema = Op::schema;
    table.infer = &detail::infer_thunk<Op>;
    if constexpr (requires { &Op::gradient; })
        table.gradient = &detail::gradient_thunk<Op>;
    if constexpr (requires { &Op::decompose; })
        table.decompose = &detail::decompose_thunk<Op>;
    if constexpr (requires { &Op::cost; })
        table.cost = &detail::cost_thunk<Op>;
    return table;
}

} // namespace lamina::plugin

#define LAMINA_OPERATOR(op_name, Class)                                                            \
    static constexpr lm_operator LAMINA_CONCAT(lamina_operator_, op_name) =                        \
        ::lamina::plugin::operator_table<Class>();                                                 \
    LAMINA_REGISTER(op_name, "operator", #op_name, &LAMINA_CONCAT(lamina_operator_, op_name))
