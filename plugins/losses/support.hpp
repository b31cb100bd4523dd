/// Losses take y_true, y_pred and give one value a sample, [N].
#pragma once

#include "lamina/plugin/graph_function.hpp"
#include "lamina/plugin/nn.hpp"
#include "lamina/plugin/schema.hpp"

namespace lamina::plugin {

/// Keras's losses say how the samples' values become one number; the engine takes their mean.
inline constexpr auto reduction_key =
    key("reduction", R"("type": "string", "enum": ["sum_over_batch_size", "auto"],
                        "default": "sum_over_batch_size")");
inline constexpr auto axis_key = key("axis", R"("type": "int", "enum": [-1], "default": -1)");
inline constexpr auto plain_schema = schema(reduction_key);
inline constexpr auto from_logits_key = key("from_logits", R"("type": "bool", "default": false)");
inline constexpr auto label_smoothing_key =
    key("label_smoothing", R"("type": "float", "min": 0, "max": 1, "default": 0)");

/// Keras's epsilon: probabilities are kept this far from 0 and 1.
constexpr double epsilon = 1e-7;

inline Value clip(Value x, double low, double high) { return minimum(maximum(x, low), high); }

/// Labels as they are compared with y_pred: in its dtype, and [N] as [N, 1] where it is that.
inline Value like(Value y_true, Value y_pred) {
    y_true = cast(y_true, y_pred.dtype());
    if (y_true.rank() + 1 == y_pred.rank() && y_pred.dim(-1) == 1) {
        Dims shape = y_true.shape();
        shape.push_back(1);
        y_true = reshape(y_true, shape);
    }
    if (y_true.shape() != y_pred.shape())
        invalid("labels " + to_string(y_true.shape()) + " do not fit the model's output " +
                to_string(y_pred.shape()));
    return y_true;
}

/// What the model computed before its last activation, if that activation was `op`; else none.
inline Value logits_of(Graph& graph, const Config& config, Value y_pred, const char* op) {
    if (config.boolean("from_logits"))
        return y_pred;
    const auto [producer, input] = graph.producer(y_pred);
    return producer == op ? input : Value();
}

} // namespace lamina::plugin
