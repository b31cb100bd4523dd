/// Every layer's output and gradients on the reference backend, against real Keras and PyTorch.
#include "golden.hpp"
#include "graph/autodiff.hpp"
#include "lamina/executable.hpp"
#include "lamina/plugin/graph.hpp"
#include "model/tracer.hpp"
#include "plugins/host.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

/// sum(y * dy), the loss whose gradient to y is dy, and the penalties on top.
ValueId weighted_sum(Graph& graph, LayerTracer& tracer, ValueId y, const Tensor& dy) {
    lm_graph context{graph, tracer, LM_MODE_TRAIN, "test", "", {}};
    plugin::Graph builder(host_table(), &context);
    const plugin::Value out(builder, y);
    const plugin::Value seed(builder, graph.add_input("dy", {DType::F32, dy.shape()}));
    plugin::Value loss = reduce_sum(out * seed, all_axes(out));
    if (!tracer.losses().empty()) {
        plugin::Value penalty(builder, tracer.losses()[0]);
        for (size_t i = 1; i < tracer.losses().size(); ++i)
            penalty = penalty + plugin::Value(builder, tracer.losses()[i]);
        graph.add_output("penalty", penalty.id());
        loss = loss + penalty;
    }
    return loss.id();
}

void check_layer(const Golden& golden, const std::shared_ptr<Device>& device) {
    INFO(golden.name() << ": " << golden.config().dump());
    const bool training = golden.info.at("training").get<bool>() || golden.kind() != "layer";
    Graph graph;
    LayerTracer tracer(graph, training ? LM_MODE_TRAIN : LM_MODE_INFER);
    auto variables = std::make_shared<VariableStore>(device);

    std::map<std::string, Tensor> inputs;
    std::vector<ValueId> values, targets;
    std::vector<std::string> target_names;
    for (const std::string& name : golden.list("inputs")) {
        inputs.emplace(name, golden[name]);
        values.push_back(graph.add_input(name, {DType::F32, golden[name].shape()}));
        targets.push_back(values.back());
        target_names.push_back(name);
    }
    LayerSpec layer;
    layer.class_name = golden.class_name();
    layer.name = "layer";
    layer.config = golden.config();
    layer.trainable = golden.config().value("trainable", true);
    const ValueId y = tracer.call(layer, values, golden[target_names[0]].shape()[0]).at(0);
    for (const std::string& name : golden.list("weights")) {
        const Variable* v = graph.find_variable("layer/" + name);
        INFO("weight " << name);
        REQUIRE(v != nullptr);
        REQUIRE(v->type.shape.to_string() == golden[name].shape().to_string());
        variables->require(v->name, v->type);
        variables->write(v->name, golden[name]);
    }
    CHECK(graph.variables().size() == golden.list("weights").size());
    for (const std::string& name : golden.list("trainable_weights")) {
        targets.push_back(graph.find_variable("layer/" + name)->value);
        target_names.push_back(name);
    }
    inputs.emplace("dy", golden["dy"]);
    const auto gradients =
        differentiate(graph, weighted_sum(graph, tracer, y, golden["dy"]), targets);
    graph.add_output("y", y);
    for (size_t i = 0; i < gradients.size(); ++i) {
        INFO("gradient of " << target_names[i]);
        REQUIRE(gradients[i] != kNone);
        graph.add_output("d" + target_names[i], gradients[i]);
    }

    auto outputs = Executable(std::move(graph), variables).run(inputs);
    check_close(outputs.at("y"), golden["y"], "y");
    for (const std::string& name : target_names)
        check_close(outputs.at("d" + name), golden["d" + name], "d" + name);
    if (golden.has("penalty"))
        check_close(outputs.at("penalty").reshaped(golden["penalty"].shape()), golden["penalty"],
                    "penalty");
    for (const std::string name : {"moving_mean", "moving_variance"})
        if (golden.has(name + "_after"))
            check_close(variables->read("layer/" + name), golden[name + "_after"], name);
}

void check_file(const std::string& file) {
    const auto device = Device::open("reference");
    for (const Golden& golden : read_goldens(file))
        try {
            check_layer(golden, device);
        } catch (const std::exception& e) {
            FAIL_CHECK(golden.name() << ": " << e.what());
        }
}

} // namespace

TEST_CASE("layers give Keras's outputs and gradients") { check_file("layers"); }
TEST_CASE("channels_last layers give Keras's outputs and gradients") {
    check_file("layers_channels_last");
}
TEST_CASE("channels_first layers give Keras's outputs and gradients") {
    check_file("layers_channels_first");
}
TEST_CASE("layers give PyTorch's outputs and gradients") { check_file("torch_layers"); }
