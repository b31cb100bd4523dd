/// Layers, activations, losses, metrics, initializers, regularizers, optimizers, schedules and
/// models: each is a function that adds operators to a graph.
///
///     static Value swish(Graph&, const Config&, Value x) { return x * sigmoid(x); }
///     LAMINA_ACTIVATION(swish, "{}", "x * sigmoid(x)", swish)
///
/// The function takes Graph&, const Config& and its inputs, either as so many Values or as Values
/// (any number), and returns a Value or Values.
#pragma once

#include "lamina/plugin/config.hpp"
#include "lamina/plugin/graph.hpp"

namespace lamina::plugin {

namespace detail {

template <class>
struct Signature;
template <class R, class... In>
struct Signature<R (*)(Graph&, const Config&, In...)> {
    static constexpr size_t n_inputs = sizeof...(In);
    static constexpr bool variadic = false;
};
template <class R>
struct Signature<R (*)(Graph&, const Config&, const Values&)> {
    static constexpr size_t n_inputs = 0;
    static constexpr bool variadic = true;
};

template <auto Function>
auto invoke(Graph& graph, const Config& config, const Values& in) {
    using S = Signature<decltype(Function)>;
    if constexpr (S::variadic) {
        return Function(graph, config, in);
    } else {
        if (in.size() != S::n_inputs)
            invalid("expected " + std::to_string(S::n_inputs) + " inputs, got " +
                    std::to_string(in.size()));
        return [&]<size_t... I>(std::index_sequence<I...>) {
            return Function(graph, config, in[I]...);
        }
        (std::make_index_sequence<S::n_inputs>());
    }
}

inline Values as_values(Value v) { return {v}; }
inline Values as_values(Values v) { return v; }

template <auto Function>
lm_status build_thunk(const lm_host* host, lm_graph* raw_graph, const lm_config* raw_config,
                      uint64_t n_inputs, const lm_value* inputs, uint64_t capacity,
                      lm_value* outputs, uint64_t* n_outputs, lm_error* error) noexcept {
    return guard(error, [&] {
        Graph graph(host, raw_graph);
        const Config config(host, raw_config);
        Values in;
        for (uint64_t i = 0; i < n_inputs; ++i)
            in.emplace_back(graph, inputs[i]);
        const Values out = as_values(invoke<Function>(graph, config, in));
        if (out.size() > capacity)
            invalid("more outputs than the engine takes");
        for (size_t i = 0; i < out.size(); ++i)
            outputs[i] = out[i].id();
        *n_outputs = out.size();
    });
}

} // namespace detail

template <auto Function>
constexpr lm_graph_function graph_function(const char* schema, const char* doc) {
    return {sizeof(lm_graph_function), schema, doc, &detail::build_thunk<Function>};
}

} // namespace lamina::plugin

/// class_name: an identifier, the name in Keras's files. schema: JSON, see plugins/README.md.
#define LAMINA_GRAPH_FUNCTION(kind, class_name, schema, doc, function)                             \
    static constexpr lm_graph_function LAMINA_CONCAT(lamina_table_, class_name) =                  \
        ::lamina::plugin::graph_function<&function>(schema, doc);                                  \
    LAMINA_REGISTER(class_name, kind, #class_name, &LAMINA_CONCAT(lamina_table_, class_name))

#define LAMINA_LAYER(class_name, schema, doc, function)                                            \
    LAMINA_GRAPH_FUNCTION("layer", class_name, schema, doc, function)
#define LAMINA_ACTIVATION(class_name, schema, doc, function)                                       \
    LAMINA_GRAPH_FUNCTION("activation", class_name, schema, doc, function)
#define LAMINA_LOSS(class_name, schema, doc, function)                                             \
    LAMINA_GRAPH_FUNCTION("loss", class_name, schema, doc, function)
#define LAMINA_METRIC(class_name, schema, doc, function)                                           \
    LAMINA_GRAPH_FUNCTION("metric", class_name, schema, doc, function)
#define LAMINA_INITIALIZER(class_name, schema, doc, function)                                      \
    LAMINA_GRAPH_FUNCTION("initializer", class_name, schema, doc, function)
#define LAMINA_REGULARIZER(class_name, schema, doc, function)                                      \
    LAMINA_GRAPH_FUNCTION("regularizer", class_name, schema, doc, function)
#define LAMINA_OPTIMIZER(class_name, schema, doc, function)                                        \
    LAMINA_GRAPH_FUNCTION("optimizer", class_name, schema, doc, function)
#define LAMINA_SCHEDULE(class_name, schema, doc, function)                                         \
    LAMINA_GRAPH_FUNCTION("schedule", class_name, schema, doc, function)
#define LAMINA_MODEL(class_name, schema, doc, function)                                            \
    LAMINA_GRAPH_FUNCTION("model", class_name, schema, doc, function)
