/// Optimizers take a parameter, its gradient, the learning rate [] and the number of steps before
/// this one [] (f32), and give the new parameter. Slots are states, kept a parameter.
///
/// The rules are Keras 3's, each operation in its order, so that results agree to rounding.
#pragma once

#include <cmath>

#include "lamina/plugin/graph_function.hpp"
#include "lamina/plugin/nn.hpp"
#include "lamina/plugin/schema.hpp"

namespace lamina::plugin {

inline constexpr auto weight_decay_key =
    key("weight_decay", R"("type": "float", "min": 0, "nullable": true, "default": null)");
/// learning_rate: a number, or a schedule as an object, which the engine has turned into `lr`.
/// decay: Keras's before 2.11.
template <size_t N>
constexpr auto rate_keys(const char (&rate)[N]) {
    return members(Text(R"("learning_rate": {"type": "any", "default": )") + rate + "}",
                   key("decay", R"("type": "float", "min": 0, "default": 0)"));
}
inline constexpr auto epsilon_key = key("epsilon", R"("type": "float", "min": 0, "default": 1e-7)");
inline constexpr auto beta_keys =
    members(key("beta_1", R"("type": "float", "min": 0, "below": 1, "default": 0.9)"),
            key("beta_2", R"("type": "float", "min": 0, "below": 1, "default": 0.999)"));
inline constexpr auto momentum_key =
    key("momentum", R"("type": "float", "min": 0, "max": 1, "default": 0)");

/// lr / (1 + decay * iterations).
inline Value decayed_rate(const Config& config, Value lr, Value iterations) {
    const double decay = config.number("decay");
    return decay == 0 ? lr : lr / (1.0 + decay * iterations);
}

/// Decoupled weight decay (Loshchilov and Hutter, 2019), before the step: w - w * decay * lr.
inline Value decayed(const Config& config, Value w, Value lr) {
    if (!config.has("weight_decay"))
        return w;
    return w - w * config.number("weight_decay") * lr;
}

/// Moves a slot on by `rule`, old value to new, and returns the new one.
template <class Rule>
Value updated(Graph& graph, const char* slot, const Dims& shape, Rule rule,
              const std::string& initializer = "\"zeros\"") {
    const Value old = graph.state(slot, shape, initializer);
    const Value now = rule(old);
    graph.assign(old, now);
    return now;
}

/// The running mean of x: m + (x - m) * (1 - beta).
inline Value moving_mean(Graph& graph, const char* slot, Value x, double beta) {
    return updated(graph, slot, x.shape(), [&](Value m) { return m + (x - m) * (1 - beta); });
}
/// The same as rho * m + (1 - rho) * x, as Keras writes it in its older optimizers.
inline Value weighted_mean(Graph& graph, const char* slot, Value x, double rho) {
    return updated(graph, slot, x.shape(), [&](Value m) { return rho * m + (1 - rho) * x; });
}

/// beta^step, step a scalar.
inline Value power(double beta, Value step) { return pow(beta, step); }
/// 1 - beta^step, without the cancellation that costs f32 five digits where beta^step is near 1.
inline Value one_minus_power(double beta, Value step) { return -expm1(step * std::log(beta)); }

} // namespace lamina::plugin
