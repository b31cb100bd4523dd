// Losses, metrics, initializers, regularizers, optimizers and schedules.
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "case.hpp"
#include "compare.hpp"
#include "lamina/error.hpp"
#include "parts/fitting_net.hpp"
#include "training.hpp"

namespace lamina::conformance {

namespace {

constexpr int64_t kBatch = 5;

bool same_bits(const Tensor& a, const Tensor& b) {
    return a.bytes() == b.bytes() && std::memcmp(a.raw(), b.raw(), a.bytes()) == 0;
}

std::string not_finite(const std::string& what, const Tensor& t) {
    const Tensor values = t.cast(DType::F32);
    for (const float v : values.data<float>())
        if (!std::isfinite(v))
            return fmt::format("{} is {}", what, v);
    return "";
}

/// One program of a net on a backend, from the same weights for every backend.
struct Running {
    Model model;
    std::shared_ptr<Executable> program;

    Running(const Net& net, const std::string& backend, Mode mode, const Training& training)
        : model(net.build()) {
        model.use("reference");
        model.compile(training);
        model.initialize(1);
        model.use(backend); // the weights move along
        program = model.executable(mode, kBatch);
        model.initialize(1, *program);
    }
    std::map<std::string, Tensor> run(const std::string& name, int step) {
        return program->run(step_inputs(name, program->graph(), model.classes(), step));
    }
};

} // namespace

PART_TEST(loss) {
    Net net = dense_net("loss");
    net.loss = subject.spec();
    check.run("is finite, and its gradient finite differences'",
              [&] { return net_gradient_fault(net); });
    check_on_backends(subject, check, net);
}

PART_TEST(regularizer) {
    const Net net = dense_net("regularizer", {{"kernel_regularizer", subject.json()}});
    check.run("adds a loss", [&]() -> std::string {
        const Training training{"sgd", "categorical_crossentropy", {}};
        Running with(net, "reference", Mode::Train, training),
            without(dense_net("regularizer"), "reference", Mode::Train, training);
        const Tensor a = with.run(net.name, 0).at("loss"), b = without.run(net.name, 0).at("loss");
        if (a.item<float>() == b.item<float>())
            return "the loss is the same without it";
        return not_finite("the loss", a);
    });
    check.run("gradient against finite differences", [&] { return net_gradient_fault(net); });
    check_on_backends(subject, check, net);
}

PART_TEST(metric) {
    const Net net = dense_net("metric");
    const Training training{"sgd", "categorical_crossentropy", {subject.spec()}};
    std::map<std::string, Tensor> want;
    check.run("is finite", [&]() -> std::string {
        want = Running(net, "reference", Mode::Evaluate, training).run(net.name, 0);
        want.erase("loss");
        return want.empty() ? "it gives no output" : not_finite("it", want.begin()->second);
    });
    for (const std::string& backend : subject.backends)
        check.run("is the same on " + backend + " as on reference", [&] {
            const auto got = Running(net, backend, Mode::Evaluate, training).run(net.name, 0);
            std::string wrong;
            for (const auto& [name, value] : want)
                wrong += compare(got.at(name), value, net_of(20), "");
            return wrong;
        });
}

PART_TEST(initializer) {
    const Net net =
        dense_net("initializer", {{"units", 64}, {"kernel_initializer", subject.json()}});
    const auto drawn = [&](const std::string& backend, uint64_t seed) {
        Model model = net.build();
        model.use(backend);
        model.initialize(seed);
        return model.variable("part/kernel");
    };
    check.run("is finite, and the same bits for the same seed", [&]() -> std::string {
        const Tensor first = drawn("reference", 1);
        if (!same_bits(first, drawn("reference", 1)))
            return "the same seed gives other bits";
        return not_finite("a weight", first);
    });
    for (const std::string& backend : subject.backends)
        check.run("is the same on " + backend + " as on reference", [&] {
            return compare(drawn(backend, 1), drawn("reference", 1), net_of(20), "");
        });
}

PART_TEST(optimizer) {
    // One output of a linear model under the squared error: the loss is a quadratic of the weights.
    const auto build = [] {
        Model m({6}, "quadratic");
        return std::move(m.add("Dense", {{"units", 1}}));
    };
    Net quadratic{"part/quadratic", build, {kBatch}};
    quadratic.loss = "mean_squared_error";
    const double rate = subject.config.contains("learning_rate")
                            ? subject.config.at("learning_rate").get<double>()
                        : subject.schema.contains("learning_rate")
                            ? subject.schema.at("learning_rate").value("default", 0.01)
                            : 0.01;
    const Training training{subject.spec(), quadratic.loss, {}};
    const auto step = [&](Running& r, int i) {
        auto inputs = step_inputs(quadratic.name, r.program->graph(), 3, 0);
        inputs["learning_rate"] = Tensor::scalar(static_cast<float>(rate));
        inputs["iterations"] = Tensor::scalar(static_cast<float>(i));
        return r.program->run(inputs).at("loss").item<float>();
    };
    check.run("descends a quadratic", [&]() -> std::string {
        Running r(quadratic, "reference", Mode::Train, training);
        const float first = step(r, 0);
        float last = first;
        for (int i = 1; i < 100; ++i)
            last = step(r, i);
        return last < first ? ""
                            : fmt::format("the loss was {:.6g} and after 100 steps it is {:.6g}",
                                          first, last);
    });
    check.run("its state is saved and restored", [&]() -> std::string {
        Running r(quadratic, "reference", Mode::Train, training);
        const auto variables = [&](const Running& of) {
            std::map<std::string, Tensor> all;
            for (const Variable& v : of.program->graph().variables())
                all[v.name] = of.model.variable(v.name).clone();
            return all;
        };
        for (int i = 0; i < 5; ++i)
            step(r, i);
        const auto saved = variables(r);
        for (int i = 5; i < 10; ++i)
            step(r, i);
        Running again(quadratic, "reference", Mode::Train, training);
        for (const auto& [name, value] : saved)
            again.model.set_variable(name, value);
        for (int i = 5; i < 10; ++i)
            step(again, i);
        const auto restored = variables(again);
        for (const auto& [name, value] : variables(r))
            if (!same_bits(value, restored.at(name)))
                return name + " has other bits when training goes on from what was saved";
        return "";
    });
    check_on_backends(subject, check, dense_net("optimizer"), subject.spec());
}

PART_TEST(schedule) {
    const Net net = dense_net("schedule");
    const Training training{"sgd", "categorical_crossentropy", {}, subject.spec()};
    const auto rates = [&](const std::string& backend) {
        Running r(net, backend, Mode::Train, training);
        std::vector<float> out;
        for (const int step : {0, 1, 7, 100, 1000, 10000}) {
            auto inputs = step_inputs(net.name, r.program->graph(), 3, step);
            inputs["learning_rate"] = Tensor::scalar(0.1f);
            inputs["epoch"] = Tensor::scalar(static_cast<float>(step / 10));
            out.push_back(r.program->run(inputs).at("scheduled_learning_rate").item<float>());
        }
        return Tensor::from(out);
    };
    Tensor want;
    check.run("the rate is finite and not negative", [&]() -> std::string {
        want = rates("reference");
        for (const float v : want.data<float>())
            if (!(v >= 0) || !std::isfinite(v))
                return fmt::format("the rate is {}", v);
        return "";
    });
    for (const std::string& backend : subject.backends)
        check.run("is the same on " + backend + " as on reference",
                  [&] { return compare(rates(backend), want, net_of(20), ""); });
}

} // namespace lamina::conformance
