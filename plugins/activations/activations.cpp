/// The activations without parameters worth a file. Each keeps the shape of x.
///
/// Where a function has a kink, the branch taken there gives TensorFlow's gradient.
#include <cmath>
#include <numbers>

#include "lamina/plugin/graph_function.hpp"

namespace lamina::plugin {

static Value linear(Graph&, const Config&, Value x) { return x; }
static Value sigmoid_activation(Graph&, const Config&, Value x) { return sigmoid(x); }
static Value tanh_activation(Graph&, const Config&, Value x) { return tanh(x); }
static Value exponential(Graph&, const Config&, Value x) { return exp(x); }
static Value softplus_activation(Graph&, const Config&, Value x) { return softplus(x); }
static Value softsign(Graph&, const Config&, Value x) { return x / (1.0 + abs(x)); }
static Value silu(Graph&, const Config&, Value x) { return x * sigmoid(x); }
static Value mish(Graph&, const Config&, Value x) { return x * tanh(softplus(x)); }
static Value relu6(Graph&, const Config&, Value x) { return minimum(relu(x), 6.0); }

/// Keras 3: relu6(x + 3) / 6. Keras 2 has slope 0.2.
static Value hard_sigmoid_of(Value x, double slope) {
    return minimum(maximum(x * slope + 0.5, 0.0), 1.0);
}
static Value hard_sigmoid(Graph&, const Config& config, Value x) {
    return hard_sigmoid_of(x, config.number("slope"));
}
static Value hard_silu(Graph&, const Config&, Value x) { return x * hard_sigmoid_of(x, 1.0 / 6); }

/// Hendrycks and Gimpel (2016): x times the normal distribution at x; approximate: through tanh.
static Value gelu(Graph&, const Config& config, Value x) {
    using std::numbers::pi, std::numbers::sqrt2;
    if (config.boolean("approximate"))
        return 0.5 * x * (1.0 + tanh(std::sqrt(2 / pi) * (x + 0.044715 * x * square(x))));
    return 0.5 * x * (1.0 + erf(x * (1 / sqrt2)));
}

static Value leaky_relu(Graph&, const Config& config, Value x) {
    return select(greater(x, 0.0), x, x * config.number("negative_slope"));
}

/// max_value where x reaches it, x from the threshold on, negative_slope * (x - threshold) below.
static Value relu_activation(Graph&, const Config& config, Value x) {
    const double slope = config.number("negative_slope");
    const double threshold = config.number("threshold");
    Value y = relu(x);
    if (slope != 0 || threshold != 0)
        y = select(threshold == 0 ? greater(x, 0.0) : greater_equal(x, threshold), x,
                   (x - threshold) * slope);
    return config.has("max_value") ? minimum(y, config.number("max_value")) : y;
}

/// The exponential sees no positive x, where it could overflow and spoil the gradient.
static Value elu_of(Value x, double alpha) {
    return select(greater_equal(x, 0.0), x, alpha * expm1(minimum(x, 0.0)));
}
static Value elu(Graph&, const Config& config, Value x) {
    return elu_of(x, config.number("alpha"));
}
/// Klambauer et al. (2017): the constants give mean 0 and variance 1 a stable fixed point.
static Value selu(Graph&, const Config&, Value x) {
    return elu_of(x, 1.67326324235437728481) * 1.05070098735548049342;
}

LAMINA_ACTIVATION(linear, "{}", "x", linear)
LAMINA_ACTIVATION(sigmoid, "{}", "1 / (1 + exp(-x))", sigmoid_activation)
LAMINA_ACTIVATION(tanh, "{}", "tanh(x)", tanh_activation)
LAMINA_ACTIVATION(exponential, "{}", "exp(x)", exponential)
LAMINA_ACTIVATION(softplus, "{}", "log(1 + exp(x))", softplus_activation)
LAMINA_ACTIVATION(softsign, "{}", "x / (1 + |x|)", softsign)
LAMINA_ACTIVATION(silu, "{}", "x * sigmoid(x)", silu)
LAMINA_ACTIVATION(swish, "{}", "x * sigmoid(x)", silu)
LAMINA_ACTIVATION(mish, "{}", "x * tanh(softplus(x))", mish)
LAMINA_ACTIVATION(relu6, "{}", "min(max(x, 0), 6)", relu6)
LAMINA_ACTIVATION(hard_sigmoid, R"({"slope": {"type": "float", "default": 0.16666666666666666}})",
                  "x * slope + 0.5, cut to [0, 1]", hard_sigmoid)
LAMINA_ACTIVATION(hard_silu, "{}", "x * hard_sigmoid(x)", hard_silu)
LAMINA_ACTIVATION(hard_swish, "{}", "x * hard_sigmoid(x)", hard_silu)
LAMINA_ACTIVATION(gelu, R"({"approximate": {"type": "bool", "default": false}})",
                  "x * P(X <= x), X normal", gelu)
LAMINA_ACTIVATION(leaky_relu, R"({"negative_slope": {"type": "float", "default": 0.2}})",
                  "x, or x * negative_slope below 0", leaky_relu)
LAMINA_ACTIVATION(relu, R"({
    "negative_slope": {"type": "float", "min": 0, "default": 0},
    "max_value": {"type": "float", "min": 0, "nullable": true, "default": null},
    "threshold": {"type": "float", "min": 0, "default": 0}})",
                  "max(x, 0)", relu_activation)
LAMINA_ACTIVATION(elu, R"({"alpha": {"type": "float", "default": 1}})",
                  "x, or alpha * (exp(x) - 1) below 0", elu)
LAMINA_ACTIVATION(selu, "{}", "1.0507 * elu(x, 1.6733)", selu)

} // namespace lamina::plugin
