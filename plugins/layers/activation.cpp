#include "lamina/plugin/layer.hpp"

namespace lamina::plugin {

static Value activation(Graph& graph, const Config& config, Value x) {
    return regularize_activity(graph, config, activate(graph, config, "activation", x));
}

static constexpr auto activation_schema = schema(
    key("activation", R"("type": "activation", "required": true)"), regularizer_key("activity"));

LAMINA_LAYER(Activation, activation_schema.text, "An activation function as a layer", activation)

} // namespace lamina::plugin
