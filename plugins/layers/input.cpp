#include "lamina/plugin/layer.hpp"

namespace lamina::plugin {

/// The engine makes the graph's input from batch_shape and hands it over as x.
static Value input_layer(Graph&, const Config&, Value x) { return x; }

static constexpr auto input_schema =
    schema(key("batch_shape", R"("type": "any", "nullable": true, "default": null)"),
           key("sparse", R"("type": "bool", "enum": [false], "default": false)"),
           key("ragged", R"("type": "bool", "enum": [false], "default": false)"),
           key("optional", R"("type": "bool", "enum": [false], "default": false)"));

LAMINA_LAYER(InputLayer, input_schema.text,
             "Where the model's input enters; batch_shape: [null, dims...]", input_layer)

} // namespace lamina::plugin
