/// What layers share: the configuration keys that Keras gives to every weight, activations by
/// configuration, activity regularizers, and where the channels are.
#pragma once

#include <string>

#include "lamina/plugin/graph_function.hpp"
#include "lamina/plugin/schema.hpp"

namespace lamina::plugin {

/// Schema members that many layers have.
inline constexpr auto activation_key =
    key("activation", R"("type": "activation", "nullable": true, "default": "linear")");
inline constexpr auto use_bias_key = key("use_bias", R"("type": "bool", "default": true)");
inline constexpr auto data_format_key =
    key("data_format", R"("type": "string", "enum": ["channels_last", "channels_first"],
                          "default": "channels_last")");
/// Keras's seeds are accepted and not used: the engine's seed and the node's name key each draw.
inline constexpr auto seed_key = key("seed", R"("type": "any", "nullable": true, "default": null)");

template <size_t N, size_t M>
constexpr auto initializer_key(const char (&weight)[N], const char (&initial)[M]) {
    return Text("\"") + weight + R"(_initializer": {"type": "initializer", "default": ")" +
           initial + "\"}";
}
template <size_t N>
constexpr auto regularizer_key(const char (&subject)[N]) {
    return key(Text(subject) + "_regularizer",
               R"("type": "regularizer", "nullable": true, "default": null)");
}
/// The three keys of one weight.
template <size_t N, size_t M>
constexpr auto weight_keys(const char (&weight)[N], const char (&initial)[M]) {
    return members(initializer_key(weight, initial), regularizer_key(weight),
                   key(Text(weight) + "_constraint",
                       R"("type": "constraint", "nullable": true, "default": null)"));
}

/// Runs body, and says of a part that is not there which key has named it.
template <class Body>
auto named_by(const std::string& key, Body&& body) {
    try {
        return body();
    } catch (const Error& e) {
        if (e.code() != LM_NOT_FOUND)
            throw;
        throw Error(LM_NOT_FOUND, key + ": " + e.what());
    }
}

/// Applies the part that `key` names: "relu", or {"class_name": ..., "config": {...}}.
inline Value apply_named(Graph& graph, const Config& config, const char* kind,
                         const std::string& key, Value x) {
    std::string name, settings = "{}";
    if (config.json(key.c_str()).front() == '"') {
        name = config.string(key.c_str());
    } else {
        const std::string config_key = key + "/config";
        name = config.string((key + "/class_name").c_str());
        if (config.has(config_key.c_str()))
            settings = config.json(config_key.c_str());
    }
    return named_by(key, [&] { return graph.apply(kind, name, settings, x); });
}

/// A trainable weight that takes its initializer and regularizer from the keys named after it, or
/// after `key` where Keras's key and weight differ.
inline Value weight(Graph& graph, const Config& config, const std::string& name, const Dims& shape,
                    std::string key = "") {
    if (key.empty())
        key = name;
    if (config.has((key + "_constraint").c_str()))
        unsupported(key + "_constraint: weight constraints are not supported; set it to null");
    return named_by(key + "_regularizer", [&] {
        return graph.weight(name.c_str(), shape, config.json((key + "_initializer").c_str()),
                            config.json_or_null((key + "_regularizer").c_str()));
    });
}

/// The activation that `key` names: "relu", or {"class_name": ..., "config": {...}}.
inline Value activate(Graph& graph, const Config& config, const std::string& key, Value x) {
    if (!config.has(key.c_str()))
        return x;
    return apply_named(graph, config, "activation", key, x);
}

/// Applies the regularizer that `key` names and returns the scalar, or none.
inline Value regularize(Graph& graph, const Config& config, const std::string& key, Value x) {
    if (!config.has(key.c_str()))
        return {};
    return apply_named(graph, config, "regularizer", key, x);
}

/// Adds the penalty on a layer's output to the loss. Keras divides it by the batch size.
inline Value regularize_activity(Graph& graph, const Config& config, Value y) {
    const Value penalty = regularize(graph, config, "activity_regularizer", y);
    if (penalty)
        graph.add_loss(penalty / static_cast<double>(y.dim(0)));
    return y;
}

inline bool channels_first(const Config& config) {
    return config.string("data_format") == "channels_first";
}
inline int64_t channel_axis(const Config& config, Value x) {
    return channels_first(config) ? 1 : x.rank() - 1;
}
/// The axes between batch and channels.
inline Dims spatial_axes(const Config& config, Value x) {
    Dims axes;
    const int64_t first = channels_first(config) ? 2 : 1;
    for (int64_t i = 0; i < x.rank() - 2; ++i)
        axes.push_back(first + i);
    return axes;
}
inline Dims spatial_dims(const Config& config, Value x) {
    Dims dims;
    for (const int64_t axis : spatial_axes(config, x))
        dims.push_back(x.dim(axis));
    return dims;
}

/// A vector of one value a channel, shaped to broadcast over x.
inline Value per_channel(const Config& config, Value v, Value x) {
    if (!channels_first(config))
        return v;
    Dims shape(static_cast<size_t>(x.rank() - 1), 1);
    shape[0] = v.dim(0);
    return reshape(v, shape);
}

inline void expect_rank(Value x, int64_t rank, const char* layout) {
    if (x.rank() != rank)
        invalid(std::string("expected input ") + layout + ", got " + to_string(x.shape()));
}

/// Negative axes count from the end. Throws for those that x does not have.
inline int64_t normalize_axis(int64_t axis, Value x) {
    const int64_t positive = axis < 0 ? axis + x.rank() : axis;
    if (positive < 0 || positive >= x.rank())
        invalid("axis " + std::to_string(axis) + " is outside the input " + to_string(x.shape()));
    return positive;
}

} // namespace lamina::plugin
