#include "training.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "case.hpp"
#include "compare.hpp"
#include "lamina/thread_pool.hpp"

namespace lamina::conformance {

namespace {

using Values = std::map<std::string, Tensor>;

/// A net on one backend with its training step.
struct Trained {
    Model model;
    std::shared_ptr<Executable> step;

    Trained(const Net& net, const std::string& backend, int64_t batch, const std::string& optimizer,
            Precision precision)
        : model(net.build()) {
        model.use(backend);
        model.set_precision(precision);
        model.compile({optimizer, net.loss, {"accuracy"}});
        step = model.executable(Mode::Train, batch);
    }
    Values variables() const {
        Values values;
        for (const Variable& v : step->graph().variables())
            values[v.name] = model.variable(v.name);
        return values;
    }
    void start_from(const Values& variables) {
        for (const auto& [name, value] : variables)
            model.set_variable(name, value);
        model.initialize(1, *step);
    }
};

std::string differing_bits(const Values& first, const Values& again) {
    for (const auto& [name, value] : first)
        if (std::memcmp(value.raw(), again.at(name).raw(), value.bytes()) != 0)
            return name + " has other bits when trained again";
    return "";
}

constexpr const char* kLossScale = "loss_scale/factor";
constexpr float kTooLarge = 0x1p24f;

/// That the case is what it is there for.
std::string skipped_some(const Model& model, int steps) {
    const float skipped = model.variable("loss_scale/skipped_steps").item<float>();
    if (skipped > 0 && skipped < static_cast<float>(steps) &&
        model.variable(kLossScale).item<float>() ==
            std::ldexp(kTooLarge, -static_cast<int>(skipped)))
        return "";
    return fmt::format("{} of {} steps were skipped, which tests nothing", skipped, steps);
}

DType storage_of(Precision precision) {
    return precision == Precision::Mixed           ? DType::F16
           : precision == Precision::MixedBfloat16 ? DType::BF16
                                                   : DType::F32;
}

/// A training from the same start on the same batches, and what came of it.
struct Run {
    std::vector<Tensor> losses;
    Values variables;
};
Run train(Trained& net, const Values& start, const std::vector<Values>& batches) {
    net.start_from(start);
    Run run;
    run.losses.reserve(batches.size());
    for (const Values& batch : batches)
        run.losses.push_back(net.step->run(batch).at("loss"));
    run.variables = net.variables();
    return run;
}

/// With every sample's values moved up or down by one unit in the last place.
std::vector<Values> moved(const std::vector<Values>& batches) {
    std::vector<Values> result = batches;
    for (Values& batch : result) {
        Tensor x = batch.at("x").clone();
        uint32_t random = 1; // a linear congruential generator: its high bits are what is random
        for (float& value : x.data<float>()) {
            random = random * 1664525 + 1013904223;
            value = std::nextafter(value, random >> 31 ? HUGE_VALF : -HUGE_VALF);
        }
        batch["x"] = x;
    }
    return result;
}

double movement(const Run& got, const Run& want) {
    double worst = 0;
    for (size_t step = 0; step < want.losses.size(); ++step)
        worst = std::max(worst, relative_distance(got.losses[step], want.losses[step]));
    for (const auto& [name, value] : want.variables)
        if (is_floating(value.dtype()))
            worst = std::max(worst, relative_distance(got.variables.at(name), value));
    return worst;
}

std::string compare_runs(const Run& got, const Run& want, Limit limit, double operators) {
    for (size_t step = 0; step < want.losses.size(); ++step) {
        limit.terms = operators * static_cast<double>(step + 1);
        if (const std::string wrong = compare(got.losses[step], want.losses[step], limit, "");
            !wrong.empty())
            return fmt::format("loss of step {}: {}", step + 1, wrong);
    }
    for (const auto& [variable, value] : want.variables)
        if (const std::string wrong = compare(got.variables.at(variable), value, limit, "");
            !wrong.empty())
            return fmt::format("after {} steps {}: {}", want.losses.size(), variable, wrong);
    return "";
}

std::string compare_training(const std::string& name, Trained& oracle, Trained& mine, int steps) {
    const Values start = oracle.variables();
    std::vector<Values> batches;
    batches.reserve(static_cast<size_t>(steps));
    for (int step = 0; step < steps; ++step)
        batches.push_back(step_inputs(name, mine.step->graph(), mine.model.classes(), step));
    const Run want = train(oracle, start, batches);
    const Run got = train(mine, start, batches);
    const auto operators = static_cast<double>(oracle.step->steps().size());
    Limit limit = net_of(operators, storage_of(oracle.model.precision()));
    std::string wrong = compare_runs(got, want, limit, operators);
    if (!wrong.empty()) { // unless the net itself makes that much of a rounding
        limit.moved = movement(train(oracle, start, moved(batches)), want);
        wrong = compare_runs(got, want, limit, operators);
    }
    return wrong.empty() ? differing_bits(got.variables, train(mine, start, batches).variables)
                         : wrong;
}

CONFORMANCE_TESTS(train) {
    const std::vector<std::pair<std::string, std::string>> optimizers{
        {"sgd", "sgd"},
        {"sgd_momentum", "sgd:momentum=0.9"},
        {"sgd_nesterov", "sgd:momentum=0.9,nesterov=true"},
        {"rmsprop", "rmsprop"},
        {"rmsprop_centered", "rmsprop:centered=true,momentum=0.5"},
        {"adam", "adam"},
        {"adam_amsgrad", "adam:amsgrad=true"},
        {"adamw", "adamw"},
        {"adagrad", "adagrad"},
        {"adadelta", "adadelta"},
        {"adamax", "adamax"},
        {"nadam", "nadam"},
        {"clipnorm", "sgd:clipnorm=0.1"},
        {"global_clipnorm", "adam:global_clipnorm=0.1"},
        {"clipvalue", "sgd:momentum=0.5,clipvalue=0.01"},
    };
    for (const Net& net : small_nets())
        for (const auto& [label, optimizer] : optimizers) {
            const std::string name = "train/" + net.name + "/" + label, spec = optimizer;
            tests.push_back({name, "train", [&net, name, spec](const Target& target) {
                                 return check_training(name, target, net, net.batches[0], spec, 10);
                             }});
        }
    for (const Net& net : small_nets())
        for (const Precision precision : {Precision::Mixed, Precision::MixedBfloat16})
            for (const bool overflows : {false, true}) {
                if (overflows && precision != Precision::Mixed)
                    continue; // nothing is scaled
                const std::string name = "train/" + net.name + "/" + lamina::name(precision) +
                                         (overflows ? "_overflow" : "");
                const TrainingKind kind{precision, overflows};
                tests.push_back({name, "train", [&net, name, kind](const Target& target) {
                                     return check_training(name, target, net, net.batches[0],
                                                           "sgd:momentum=0.9", 10, kind);
                                 }});
            }
}

CONFORMANCE_TESTS(models) {
    for (const Net& net : known_nets())
        for (const int64_t batch : net.batches) {
            const std::string tail = fmt::format("model/{}/batch_{}/", net.name, batch);
            tests.push_back({tail + "forward", "test", [&net, tail, batch](const Target& target) {
                                 return check_prediction(tail + "forward", target, net, batch);
                             }});
            tests.push_back({tail + "step", "train", [&net, tail, batch](const Target& target) {
                                 return check_training(tail + "step", target, net, batch,
                                                       "sgd:momentum=0.9", 1);
                             }});
        }
}

} // namespace

std::map<std::string, Tensor> step_inputs(const std::string& name, const Graph& graph,
                                          int64_t classes, int step) {
    const auto draw = [&](const TensorType& type, const Fill& fill) {
        const Case drawn{
            fmt::format("{}/{}", name, step), "", {{type.shape, fill, type.dtype}}, {}, {}};
        return make_inputs(drawn)[0];
    };
    std::map<std::string, Tensor> values;
    for (const auto& [input, id] : graph.inputs()) {
        const TensorType& type = graph.type(id);
        if (input == "x")
            values[input] = draw(type, uniform());
        else if (input == "y")
            values[input] = draw(type, integers(0, static_cast<double>(classes - 1)));
        else if (input == "learning_rate")
            values[input] = Tensor::scalar(0.01f);
        else if (input == "iterations")
            values[input] = Tensor::scalar(static_cast<float>(step));
        else if (input == "rng_state")
            values[input] = Tensor::from(std::vector<int64_t>{7, step, 3 * step});
        else
            values[input] = Tensor::zeros(type.dtype, type.shape);
    }
    return values;
}

std::vector<Result> check_training(const std::string& name, const Target& target, const Net& net,
                                   int64_t batch, const std::string& optimizer, int steps,
                                   const TrainingKind& kind) {
    set_threads(2);
    Trained oracle(net, "reference", batch, optimizer, kind.precision);
    oracle.model.initialize(1, *oracle.step);
    if (kind.overflows) // some halvings above where the gradients fit f16
        oracle.model.set_variable(kLossScale, Tensor::scalar(kTooLarge));
    try {
        Trained mine(net, target.spec, batch, optimizer, kind.precision);
        std::string wrong = compare_training(name, oracle, mine, steps);
        if (wrong.empty() && kind.overflows)
            wrong = skipped_some(oracle.model, steps);
        return verdict(name, wrong);
    } catch (const Error& e) {
        return verdict(name, e);
    }
}

std::vector<Result> check_prediction(const std::string& name, const Target& target, const Net& net,
                                     int64_t batch) {
    set_threads(2);
    Model oracle = net.build(), mine = net.build();
    oracle.use("reference");
    oracle.initialize(1);
    mine.use(target.spec);
    for (const std::string& variable : oracle.variable_names())
        mine.set_variable(variable, oracle.variable(variable));
    Shape shape{batch};
    for (const int64_t d : oracle.input_shape())
        shape.push_back(d);
    const Tensor x = make_inputs({name, "", {{shape, uniform()}}, {}, {}})[0];
    try {
        const Tensor got = mine.predict(x, batch);
        const Tensor want = oracle.predict(x, batch);
        const auto program = oracle.executable(Mode::Predict, batch);
        return verdict(
            name, compare(got, want, net_of(static_cast<double>(program->steps().size())), ""));
    } catch (const Error& e) {
        return verdict(name, e);
    }
}

} // namespace lamina::conformance
