/// Every optimizer for 20 steps and every schedule on the reference backend, against real Keras.
#include "golden.hpp"
#include "lamina/executable.hpp"
#include "lamina/plugin/graph.hpp"
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
        for (const std::string& name : golden.list("variables")) {
            const Tensor expected = step_of(golden[name + "_steps"], t, golden[name].shape());
            // Each step rounds the weight once, and its own part by some units.
            const double moved = difference(golden[name].cast(DType::F32), expected).worst;
            check_close(variables->read(name), expected, name + " after step " + std::to_string(t),
                        1e-7 * static_cast<double>(t + 1), 1e-5 * moved);
        }
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
        Json config = golden.config();
        if (golden.class_name() == "RMSprop")
            config["epsilon_outside"] = true; // as the reader of a Keras 2 file says
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
