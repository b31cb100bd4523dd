/// Learning rates over time. Each takes the optimizer's own rate [], the steps made [] and the
/// epoch
/// [], both counted from 0, and gives the rate of this step. Where a schedule has Keras's
/// `initial_learning_rate`, that takes the place of the optimizer's rate.
#include <numbers>

#include "lamina/plugin/graph_function.hpp"
#include "lamina/plugin/schema.hpp"

namespace lamina::plugin {

static Value initial(Graph& graph, const Config& config, Value learning_rate) {
    if (!config.has("initial_learning_rate"))
        return learning_rate;
    return graph.constant(static_cast<float>(config.number("initial_learning_rate")));
}

/// How many times decay_steps have passed: a fraction, or whole with staircase.
static Value decays(const Config& config, Value iterations) {
    const Value passed = iterations / config.number("decay_steps");
    return config.boolean("staircase") ? floor(passed) : passed;
}

static Value exponential_decay(Graph& graph, const Config& config, Value learning_rate,
                               Value iterations, Value) {
    return initial(graph, config, learning_rate) *
           pow(config.number("decay_rate"), decays(config, iterations));
}
static Value inverse_time_decay(Graph& graph, const Config& config, Value learning_rate,
                                Value iterations, Value) {
    return initial(graph, config, learning_rate) /
           (1.0 + config.number("decay_rate") * decays(config, iterations));
}

/// Times `drop` after every `epochs_drop` epochs.
static Value step_decay(Graph& graph, const Config& config, Value learning_rate, Value,
                        Value epoch) {
    return initial(graph, config, learning_rate) *
           pow(config.number("drop"), floor(epoch / config.number("epochs_drop")));
}

/// (rate - end) * (1 - steps / decay_steps)^power + end, for good or, with cycle, over decay_steps
/// times the next whole number.
static Value polynomial_decay(Graph& graph, const Config& config, Value learning_rate,
                              Value iterations, Value) {
    const double steps = config.number("decay_steps");
    const double end = config.number("end_learning_rate");
    const Value share = config.boolean("cycle")
                            ? iterations / (steps * maximum(ceil(iterations / steps), 1.0))
                            : minimum(iterations, steps) / steps;
    return (initial(graph, config, learning_rate) - end) *
               pow(1.0 - share, config.number("power")) +
           end;
}

/// values[i] up to and with step boundaries[i], the last one after.
static Value piecewise_constant_decay(Graph& graph, const Config& config, Value, Value iterations,
                                      Value) {
    const std::vector<double> boundaries = config.numbers("boundaries");
    const std::vector<double> values = config.numbers("values");
    if (values.size() != boundaries.size() + 1)
        invalid("values: expected one more than the " + std::to_string(boundaries.size()) +
                " boundaries, got " + std::to_string(values.size()));
    Value rate = graph.constant(static_cast<float>(values.back()));
    for (size_t i = boundaries.size(); i-- > 0;)
        rate = select(less_equal(iterations, boundaries[i]),
                      graph.constant(static_cast<float>(values[i])), rate);
    return rate;
}

/// From start to target over the first `steps` steps.
static Value rise(Value start, Value target, Value iterations, double steps) {
    return (target - start) * (iterations / steps) + start;
}

/// Loshchilov and Hutter (2017): half a cosine down to alpha times the rate; before it, with a
/// warmup_target, a straight rise to that in warmup_steps.
static Value cosine_decay(Graph& graph, const Config& config, Value learning_rate, Value iterations,
                          Value) {
    const double steps = config.number("decay_steps");
    const double alpha = config.number("alpha");
    const auto decay = [&](Value rate, Value step) {
        const Value cosine = 0.5 * (1.0 + cos(std::numbers::pi * (minimum(step, steps) / steps)));
        return rate * ((1 - alpha) * cosine + alpha);
    };
    const Value start = initial(graph, config, learning_rate);
    if (!config.has("warmup_target"))
        return decay(start, iterations);
    const double warmup_steps = config.number("warmup_steps");
    const Value target = graph.constant(static_cast<float>(config.number("warmup_target")));
    const Value decayed = decay(target, maximum(iterations - warmup_steps, 0.0));
    if (warmup_steps == 0)
        return decayed;
    return select(less(iterations, warmup_steps), rise(start, target, iterations, warmup_steps),
                  decayed);
}

/// A straight rise from `start_factor` times the rate to the rate in `warmup_steps`.
static Value warm_up(Graph&, const Config& config, Value learning_rate, Value iterations, Value) {
    const double steps = config.number("warmup_steps");
    return rise(learning_rate * config.number("start_factor"), learning_rate,
                minimum(iterations, steps), steps);
}

static constexpr auto initial_key =
    key("initial_learning_rate", R"("type": "float", "min": 0, "nullable": true, "default": null)");
static constexpr auto decay_steps_key =
    key("decay_steps", R"("type": "float", "required": true, "above": 0)");
static constexpr auto decay_schema =
    schema(initial_key, decay_steps_key,
           key("decay_rate", R"("type": "float", "required": true, "min": 0)"),
           key("staircase", R"("type": "bool", "default": false)"));
static constexpr auto step_schema =
    schema(initial_key, key("drop", R"("type": "float", "above": 0, "default": 0.5)"),
           key("epochs_drop", R"("type": "float", "above": 0, "default": 10)"));
static constexpr auto polynomial_schema =
    schema(initial_key, decay_steps_key,
           key("end_learning_rate", R"("type": "float", "min": 0, "default": 0.0001)"),
           key("power", R"("type": "float", "above": 0, "default": 1)"),
           key("cycle", R"("type": "bool", "default": false)"));
static constexpr auto piecewise_schema =
    schema(key("boundaries", R"("type": "floats", "required": true)"),
           key("values", R"("type": "floats", "required": true)"));
static constexpr auto cosine_schema =
    schema(initial_key, decay_steps_key, key("alpha", R"("type": "float", "min": 0, "default": 0)"),
           key("warmup_target", R"("type": "float", "min": 0, "nullable": true, "default": null)"),
           key("warmup_steps", R"("type": "float", "min": 0, "default": 0)"));
static constexpr auto warm_up_schema =
    schema(key("warmup_steps", R"("type": "float", "required": true, "above": 0)"),
           key("start_factor", R"("type": "float", "min": 0, "default": 0)"));

LAMINA_SCHEDULE(exponential_decay, decay_schema.text, "rate * decay_rate^(step / decay_steps)",
                exponential_decay)
LAMINA_SCHEDULE(inverse_time_decay, decay_schema.text,
                "rate / (1 + decay_rate * step / decay_steps)", inverse_time_decay)
LAMINA_SCHEDULE(step_decay, step_schema.text, "rate * drop^(epoch / epochs_drop), rounded down",
                step_decay)
LAMINA_SCHEDULE(polynomial_decay, polynomial_schema.text,
                "(rate - end) * (1 - step / decay_steps)^power + end", polynomial_decay)
LAMINA_SCHEDULE(piecewise_constant_decay, piecewise_schema.text, "A rate between each two steps",
                piecewise_constant_decay)
LAMINA_SCHEDULE(cosine_decay, cosine_schema.text, "Half a cosine, after a rise where asked for",
                cosine_decay)
LAMINA_SCHEDULE(warm_up, warm_up_schema.text, "A straight rise to the rate in warmup_steps",
                warm_up)

} // namespace lamina::plugin
