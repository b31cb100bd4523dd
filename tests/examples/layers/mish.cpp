// Misra (2019): x * tanh(ln(1 + e^x)).
#include "lamina/plugin/layer.hpp"

using namespace lamina::plugin;

static Value mish(Graph&, const Config&, Value x) { return x * tanh(softplus(x)); }

LAMINA_LAYER(Mish, "{}", "x * tanh(softplus(x))", mish)

LAMINA_PLUGIN("acme_layers", "1.2.0")
