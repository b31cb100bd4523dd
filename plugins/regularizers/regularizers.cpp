/// Penalties on a tensor, scalars that are added to the loss.
#include "lamina/plugin/graph_function.hpp"

namespace lamina::plugin {

static Value l1_penalty(Value x, double factor) { return factor * reduce_sum(abs(x), all_axes(x)); }
static Value l2_penalty(Value x, double factor) {
    return factor * reduce_sum(square(x), all_axes(x));
}

static Value l1(Graph&, const Config& config, Value x) {
    return l1_penalty(x, config.number("l1"));
}
static Value l2(Graph&, const Config& config, Value x) {
    return l2_penalty(x, config.number("l2"));
}
static Value l1_l2(Graph& graph, const Config& config, Value x) {
    const double a = config.number("l1"), b = config.number("l2");
    if (a == 0 && b == 0)
        return graph.constant(0.0f);
    if (a == 0 || b == 0)
        return a == 0 ? l2_penalty(x, b) : l1_penalty(x, a);
    return l1_penalty(x, a) + l2_penalty(x, b);
}

static constexpr char l1_schema[] = R"({"l1": {"type": "float", "min": 0, "default": 0.01}})";
static constexpr char l2_schema[] = R"({"l2": {"type": "float", "min": 0, "default": 0.01}})";
static constexpr char l1_l2_schema[] = R"({"l1": {"type": "float", "min": 0, "default": 0},
                                           "l2": {"type": "float", "min": 0, "default": 0}})";

LAMINA_REGULARIZER(l1, l1_schema, "l1 * sum |x|", l1)
LAMINA_REGULARIZER(l2, l2_schema, "l2 * sum x^2", l2)
LAMINA_REGULARIZER(l1_l2, l1_l2_schema, "l1 * sum |x| + l2 * sum x^2", l1_l2)
// Keras's class L1L2 and its function l1_l2 are the same.
LAMINA_REGULARIZER(l1l2, l1_l2_schema, "l1 * sum |x| + l2 * sum x^2", l1_l2)

} // namespace lamina::plugin
