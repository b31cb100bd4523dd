#include "lamina/plugin/json_text.hpp"
#include "support.hpp"

namespace lamina::plugin {

/// Duchi et al. (2011): w -= lr * g / sqrt(a + epsilon), a the sum of g^2. epsilon_outside: sqrt(a)
/// + epsilon, as Keras 2 has it.
static Value adagrad(Graph& graph, const Config& config, Value w, Value g, Value lr,
                     Value iterations) {
    lr = decayed_rate(config, lr, iterations);
    w = decayed(config, w, lr);
    const std::string start = json_object(
        {{"class_name", "constant"},
         {"config",
          JsonText::raw(json_object({{"value", config.number("initial_accumulator_value")}}))}});
    const Value sum = updated(
        graph, "accumulator", w.shape(), [&](Value old) { return old + square(g); }, start);
    const double epsilon = config.number("epsilon");
    return w -
           lr * g / (config.boolean("epsilon_outside") ? sqrt(sum) + epsilon : sqrt(sum + epsilon));
}

static constexpr auto adagrad_schema =
    schema(rate_keys("0.001"), weight_decay_key,
           key("initial_accumulator_value", R"("type": "float", "min": 0, "default": 0.1)"),
           epsilon_key, key("epsilon_outside", R"("type": "bool", "default": false)"));

LAMINA_OPTIMIZER(adagrad, adagrad_schema.text, "Gradients over the root of their sum of squares",
                 adagrad)

} // namespace lamina::plugin
