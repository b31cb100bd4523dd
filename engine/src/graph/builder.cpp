#include "graph/builder.hpp"

#include <cstring>

#include <fmt/format.h>

#include "graph/node_desc.hpp"
#include "graph/operators.hpp"
#include "plugins/guarded.hpp"
#include "plugins/host.hpp"

std::string lm_graph::name_for(const std::string& op) {
    const int count = op_counts[op]++;
    std::string name = prefix + (layer.empty() ? "" : layer + "/") + op;
    return count == 0 ? name : name + "_" + std::to_string(count);
}

namespace lamina {

static void refuse(const char* what) {
    fail(StatusCode::InvalidArgument,
         fmt::format("{} is not available to this kind of graph function", what));
}
ValueId BuildHooks::variable(lm_graph&, const lm_variable_desc&) {
    return refuse("variable"), kNone;
}
void BuildHooks::assign(lm_graph&, ValueId, ValueId) { refuse("assign"); }
void BuildHooks::add_loss(lm_graph&, ValueId) { refuse("add_loss"); }
std::vector<ValueId> BuildHooks::apply(lm_graph&, const std::string&, const std::string&,
                                       const std::string&, const std::string&,
                                       const std::vector<ValueId>&) {
    refuse("apply");
    return {};
}

ValueId rng_state(Graph& graph) { return graph.add_input("rng_state", {DType::I64, {3}}); }

namespace {

ValueId checked(const lm_graph* g, lm_value value) {
    if (value < 0 || static_cast<size_t>(value) >= g->graph.values().size())
        fail(StatusCode::InvalidArgument, fmt::format("{} is no value of this graph", value));
    return value;
}

std::vector<ValueId> checked(const lm_graph* g, const lm_value* values, uint64_t count) {
    std::vector<ValueId> out;
    for (uint64_t i = 0; i < count; ++i)
        out.push_back(checked(g, values[i]));
    return out;
}

void give(const std::vector<ValueId>& values, uint64_t capacity, lm_value* outputs,
          uint64_t* count) {
    *count = values.size();
    if (values.size() > capacity)
        fail(StatusCode::InvalidArgument,
             fmt::format("{} outputs, room for {}", values.size(), capacity));
    std::copy(values.begin(), values.end(), outputs);
}

AttrValue attr_value(const lm_attr& a) {
    switch (a.kind) {
    case LM_ATTR_INT:
        return a.i;
    case LM_ATTR_FLOAT:
        return a.f;
    case LM_ATTR_BOOL:
        return a.i != 0;
    case LM_ATTR_STRING:
        return std::string(a.s);
    case LM_ATTR_INTS:
        return std::vector<int64_t>(a.ints, a.ints + a.count);
    case LM_ATTR_FLOATS:
        return std::vector<double>(a.floats, a.floats + a.count);
    default:
        fail(StatusCode::InvalidArgument,
             fmt::format("attribute `{}` has the unknown kind {}", a.name, a.kind));
    }
}

lm_status add_node(lm_graph* g, const char* op, uint64_t n_attrs, const lm_attr* const* attrs,
                   uint64_t n_inputs, const lm_value* inputs, uint64_t capacity, lm_value* outputs,
                   uint64_t* n_outputs, lm_error* error) {
    return guarded(error, [&] {
        Attributes list;
        for (uint64_t i = 0; i < n_attrs; ++i)
            list.emplace(attrs[i]->name, attr_value(*attrs[i]));
        give(add_operator(g->graph, op, g->name_for(op), g->layer, checked(g, inputs, n_inputs),
                          std::move(list)),
             capacity, outputs, n_outputs);
    });
}

lm_status tensor(lm_graph* g, lm_value value, lm_tensor_desc* out, lm_error* error) {
    return guarded(error, [&] {
        const TensorType& type = g->graph.type(checked(g, value));
        out->dtype = static_cast<lm_dtype>(type.dtype);
        out->rank = static_cast<int32_t>(type.shape.rank());
        out->dims = type.shape.begin();
    });
}

lm_status constant(lm_graph* g, const lm_tensor_desc* type, const void* data, lm_value* out,
                   lm_error* error) {
    return guarded(error, [&] {
        const TensorType t = from_plugin(type->dtype, type->rank, type->dims);
        Tensor tensor = Tensor::uninitialized(t.dtype, t.shape);
        std::memcpy(tensor.raw(), data, tensor.bytes());
        *out = g->graph.add_constant(std::move(tensor));
    });
}

lm_status variable(lm_graph* g, const lm_variable_desc* desc, lm_value* out, lm_error* error) {
    return guarded(error, [&] { *out = g->hooks.variable(*g, *desc); });
}

lm_status assign(lm_graph* g, lm_value variable, lm_value value, lm_error* error) {
    return guarded(error, [&] { g->hooks.assign(*g, checked(g, variable), checked(g, value)); });
}

lm_status add_loss(lm_graph* g, lm_value scalar, lm_error* error) {
    return guarded(error, [&] { g->hooks.add_loss(*g, checked(g, scalar)); });
}

lm_status apply(lm_graph* g, const char* kind, const char* class_name, const char* name,
                const char* config, uint64_t n_inputs, const lm_value* inputs, uint64_t capacity,
                lm_value* outputs, uint64_t* n_outputs, lm_error* error) {
    return guarded(error, [&] {
        give(g->hooks.apply(*g, kind, class_name, name == nullptr ? "" : name, config,
                            checked(g, inputs, n_inputs)),
             capacity, outputs, n_outputs);
    });
}

int32_t mode(lm_graph* g) { return g->mode; }

lm_status producer(lm_graph* g, lm_value value, const char** op, lm_value* first_input,
                   lm_error* error) {
    return guarded(error, [&] {
        const Node& node = g->graph.producer(checked(g, value));
        *op = node.is_leaf() ? "" : node.op.c_str();
        *first_input = node.inputs.empty() ? kNone : node.inputs[0];
    });
}

lm_status rng_state_of(lm_graph* g, lm_value* out, lm_error* error) {
    return guarded(error, [&] { *out = rng_state(g->graph); });
}

} // namespace

const lm_graph_api* graph_api() {
    static constexpr lm_graph_api api{sizeof(lm_graph_api),
                                      add_node,
                                      tensor,
                                      constant,
                                      variable,
                                      assign,
                                      add_loss,
                                      apply,
                                      mode,
                                      producer,
                                      rng_state_of};
    return &api;
}

std::vector<ValueId> call_graph_function(const lm_graph_function& function, lm_graph& graph,
                                         const lm_config& config,
                                         const std::vector<ValueId>& inputs) {
    std::vector<lm_value> outputs(64);
    uint64_t count = 0;
    call(function.build, host_table(), &graph, &config, uint64_t{inputs.size()}, inputs.data(),
         uint64_t{outputs.size()}, outputs.data(), &count);
    if (count > outputs.size())
        fail(StatusCode::InvalidArgument,
             fmt::format("it gives {} outputs, there is room for {}", count, outputs.size()));
    outputs.resize(count);
    for (const ValueId v : outputs)
        if (v < 0 || static_cast<size_t>(v) >= graph.graph.values().size())
            fail(StatusCode::InvalidArgument,
                 fmt::format("its output is the value {}, which the graph does not have", v));
    return outputs;
}

} // namespace lamina
