/// Metrics take y_true, y_pred and give one value a sample, [N], or a sum over the batch.
#pragma once

#include "lamina/plugin/graph_function.hpp"
#include "lamina/plugin/nn.hpp"

namespace lamina::plugin {

/// Labels as i64 in the shape of the predicted classes: [N, ..., 1] counts as [N, ...].
inline Value class_indices(Value y_true, Value predicted) {
    if (elements(y_true.shape()) != elements(predicted.shape()))
        invalid("labels " + to_string(y_true.shape()) + " are no class indices for predictions " +
                to_string(predicted.shape()));
    return cast(reshape(y_true, predicted.shape()), LM_I64);
}

} // namespace lamina::plugin
