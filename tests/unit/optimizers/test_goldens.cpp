/// Every optimizer for 20 steps and every schedule on the reference backend, against real Keras.
#include "golden.hpp"
#include "lamina/executable.hpp"
#include "lamina/plugin/graph.hpp"
#include "model/keras_optimizer.hpp"
#include "model/optimizer_graph.hpp"
#include "model/tracer.hpp"
#include "plugins/host.hpp"
#include "schedule.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

/// Row t of [steps, ...].
Tensor step_of(const Tensor& all, int64_t t, const Shape& shape) {
    return all.rows(t, t + 1).reshaped(shape).cast(DType::F32);
}

/// The loss sum(w * g) over the variables: its gradient to w is the input g.
ValueId loss_with_gradients(Graph& graph, const Golden& golden) {
    BuildHooks none;
    lm_graph context{graph, none, LM_MODE_TRAIN, "test", "", {}};
    plugin::Graph builder(host_table(), &context);
    plugin::Value loss;
    for (const std::string& name : golden.list("variables")) {
        const TensorType type{DType::F32, golden[name].shape()};
        Variable v;
        v.name = name;
        v.type = type;
        v.trainable = true;
        const plugin::Value w(builder, graph.add_variable(v));
        const plugin::Value g(builder, graph.add_input(name + "_gradient", type));
        const plugin::Value term = reduce_sum(w * g, all_axes(w));
        loss = loss ? loss + term : term;
    }
    return loss.id();
}

/// How many roundings of the way that a weight goes are between us and Keras. Both round each step
/// a little; Adam's and AdamW's steps have the factor sqrt(1 - beta_2^t), which we compute to
/// rounding and Keras by subtraction from 1, where the rounding of beta_2 is t of t (1 - beta_2).
double roundings_of_path(const std::string& optimizer, const Json& config) {
    if (optimizer != "Adam" && optimizer != "AdamW")
        return 2;
    return 2 + 0.5 / (1 - config.value("beta_2", 0.999));
}

/// A weight's way in Keras, and how far from it ours may be: two roundings of the weight a step,
/// and so many of the way.
struct Followed {
    Followed(const Golden& golden, std::string of)
        : name(std::move(of)), shape(golden[name].shape()), steps(golden[name + "_steps"]),
          last(golden[name].cast(DType::F64)), path(static_cast<size_t>(last.elements())),
          largest(path.size()) {}

    void check(const Tensor& ours, int64_t t, double of_path) {
        const Tensor got = ours.cast(DType::F64), want = step_of(steps, t, shape).cast(DType::F64);
        const std::span<const double> g = got.data<double>(), k = want.data<double>(),
                                      before = std::as_const(last).data<double>();
        constexpr double u = 0x1p-24;
        for (size_t i = 0; i < path.size(); ++i) {
            path[i] += std::abs(k[i] - before[i]);
            largest[i] = std::max({largest[i], std::abs(before[i]), std::abs(k[i])});
            const double allowed =
                u * (2 * static_cast<double>(t + 1) * largest[i] + of_path * path[i]);
            if (std::abs(g[i] - k[i]) > allowed)
                throw std::runtime_error(name + " after step " + std::to_string(t) + ", element " +
                                         std::to_string(i) + ": " + std::to_string(g[i]) +
                                         " instead of " + std::to_string(k[i]) + ", off by " +
                                         std::to_string((g[i] - k[i]) / u) + " u, where " +
                                         std::to_string(allowed / u) + " are allowed");
        }
        last = want;
    }

    std::string name;
    Shape shape;
    Tensor steps, last;
    std::vector<double> path, largest;
};

void check_optimizer(const Golden& golden, const Json& config,
                     const std::shared_ptr<Device>& device) {
    Graph graph;
    const Json optimizer = {{"class_name", golden.class_name()}, {"config", config}};
    const double rate =
        add_updates(graph, optimizer, loss_with_gradients(graph, golden)).learning_rate;
    auto variables = std::make_shared<VariableStore>(device);
    for (const Variable& v : graph.variables()) {
        variables->require(v.name, v.type);
        if (v.kind == VariableKind::Weight) {
            variables->write(v.name, golden[v.name].cast(DType::F32));
            continue;
        }
        const Json start = parse_json(v.initializer, v.name);
        const double value = start.is_object() ? start.at("config").at("value").get<double>()
                                               : (start == "ones" ? 1.0 : 0.0);
        Tensor slot = Tensor::zeros(DType::F32, v.type.shape);
        for (float& x : slot.data<float>())
            x = static_cast<float>(value);
        variables->write(v.name, slot);
    }
    Executable step(std::move(graph), variables);

    std::vector<Followed> followed;
    for (const std::string& name : golden.list("variables"))
        followed.emplace_back(golden, name);
    const double of_path = roundings_of_path(golden.class_name(), config);
    constexpr int64_t steps = 20;
    for (int64_t t = 0; t < steps; ++t) {
        std::map<std::string, Tensor> inputs = {
            {"learning_rate", Tensor::scalar(static_cast<float>(rate))},
            {"iterations", Tensor::scalar(static_cast<float>(t))},
            {"epoch", Tensor::scalar(0.0f)}};
        for (const std::string& name : golden.list("variables"))
            inputs[name + "_gradient"] =
                step_of(golden[name + "_gradients"], t, golden[name].shape());
        step.run(inputs);
        for (Followed& weight : followed)
            weight.check(variables->read(weight.name), t, of_path);
    }
}

} // namespace

TEST_CASE("optimizers follow Keras for 20 steps") {
    const auto device = Device::open("reference");
    for (const Golden& golden : read_goldens("optimizers")) {
        if (golden.kind() != "optimizer")
            continue;
        INFO(golden.name() << ": " << golden.config().dump());
        try {
            check_optimizer(golden, golden.config(), device);
        } catch (const std::exception& e) {
            FAIL_CHECK(golden.name() << ": " << e.what());
        }
    }
}

TEST_CASE("optimizers follow the rules that only Keras 2 has") {
    const auto device = Device::open("reference");
    for (const Golden& golden : read_goldens("optimizers_keras2")) {
        INFO(golden.name() << ": " << golden.config().dump());
        const Json config = optimizer_from_keras(
            {{"class_name", golden.class_name()}, {"config", golden.config()}}, true)["config"];
        try {
            check_optimizer(golden, config, device);
        } catch (const std::exception& e) {
            FAIL_CHECK(golden.name() << ": " << e.what());
        }
    }
}

TEST_CASE("schedules give Keras's learning rates") {
    for (const Golden& golden : read_goldens("optimizers")) {
        if (golden.kind() != "schedule")
            continue;
        INFO(golden.name() << ": " << golden.config().dump());
        Schedule schedule(golden.class_name(), golden.config());
        const Tensor steps = golden["steps"].cast(DType::F32);
        const Tensor expected = golden["values"].cast(DType::F64);
        for (size_t i = 0; i < steps.data<float>().size(); ++i)
            CHECK(schedule.at(static_cast<int>(steps.data<float>()[i])) ==
                  Approx(expected.data<double>()[i]).epsilon(1e-5).margin(1e-7));
    }
}
