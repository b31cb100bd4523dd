/// Losses as metrics: the same values, under the same names.
#include "lamina/plugin/schema.hpp"
#include "support.hpp"

namespace lamina::plugin {

template <Text name>
static Value loss_as_metric(Graph& graph, const Config&, Value y_true, Value y_pred) {
    const Value in[] = {y_true, y_pred};
    return graph.apply("loss", name.text, "{}", in).at(0);
}
/// With the keys that cross-entropies have.
template <Text name>
static Value crossentropy_as_metric(Graph& graph, const Config& config, Value y_true,
                                    Value y_pred) {
    const Value in[] = {y_true, y_pred};
    std::string keys = "{\"from_logits\": " + config.json("from_logits");
    if (config.has("label_smoothing"))
        keys += ", \"label_smoothing\": " + config.json("label_smoothing");
    return graph.apply("loss", name.text, keys + "}", in).at(0);
}

static constexpr auto logits_keys =
    members(key("from_logits", R"("type": "bool", "default": false)"),
            key("axis", R"("type": "int", "enum": [-1], "default": -1)"));
static constexpr auto sparse_schema = schema(logits_keys, key("ignore_class", only_null));
static constexpr auto crossentropy_schema = schema(
    logits_keys, key("label_smoothing", R"("type": "float", "min": 0, "max": 1, "default": 0)"));

LAMINA_METRIC(categorical_crossentropy, crossentropy_schema.text, "-sum y log(p), y one-hot",
              crossentropy_as_metric<"categorical_crossentropy">)
LAMINA_METRIC(sparse_categorical_crossentropy, sparse_schema.text, "-log(p[y])",
              crossentropy_as_metric<"sparse_categorical_crossentropy">)
LAMINA_METRIC(binary_crossentropy, crossentropy_schema.text, "-(y log(p) + (1 - y) log(1 - p))",
              crossentropy_as_metric<"binary_crossentropy">)
LAMINA_METRIC(mean_squared_error, "{}", "(y - p)^2", loss_as_metric<"mean_squared_error">)
LAMINA_METRIC(mse, "{}", "(y - p)^2", loss_as_metric<"mean_squared_error">)
LAMINA_METRIC(mean_absolute_error, "{}", "|y - p|", loss_as_metric<"mean_absolute_error">)
LAMINA_METRIC(mae, "{}", "|y - p|", loss_as_metric<"mean_absolute_error">)
LAMINA_METRIC(hinge, "{}", "max(0, 1 - y p), y -1 or 1", loss_as_metric<"hinge">)
LAMINA_METRIC(kl_divergence, "{}", "sum y log(y / p)", loss_as_metric<"kl_divergence">)

} // namespace lamina::plugin
