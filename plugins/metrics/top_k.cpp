/// Whether the right class is among the k likeliest.
#include "support.hpp"

namespace lamina::plugin {

/// y_true: class indices; y_pred: [N, ..., C]. Fewer than k classes are all among the first k.
static Value sparse_top_k(Graph&, const Config& config, Value y_true, Value y_pred) {
    const int64_t k = std::min(config.integer("k"), y_pred.dim(-1));
    const Value best = top_k(y_pred, k).second;
    Dims column = y_pred.shape();
    column.back() = 1;
    const Value same = equal(best, reshape(cast(y_true, LM_I64), column));
    return mean_per_sample(reduce_max(cast(same, LM_F32), {y_pred.rank() - 1}));
}
/// y_true: one-hot.
static Value categorical_top_k(Graph& graph, const Config& config, Value y_true, Value y_pred) {
    return sparse_top_k(graph, config, argmax(y_true, -1), y_pred);
}

static constexpr char k_schema[] = R"({"k": {"type": "int", "min": 1, "default": 5}})";
// from_sorted_ids, where y_pred lists classes instead of scores, is refused.
static constexpr char sparse_k_schema[] =
    R"({"k": {"type": "int", "min": 1, "default": 5},
        "from_sorted_ids": {"type": "bool", "enum": [false], "default": false}})";

LAMINA_METRIC(top_k_categorical_accuracy, k_schema, "argmax(y) among the k largest",
              categorical_top_k)
LAMINA_METRIC(sparse_top_k_categorical_accuracy, sparse_k_schema, "y among the k largest",
              sparse_top_k)

} // namespace lamina::plugin
