/// Every loss and metric on the reference backend, against real Keras.
#include "golden.hpp"
#include "graph/autodiff.hpp"
#include "lamina/executable.hpp"
#include "lamina/plugin/graph.hpp"
#include "model/tracer.hpp"
#include "plugins/host.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

/// Losses apply nothing but losses.
class Parts : public BuildHooks {
  public:
    std::vector<ValueId> apply(lm_graph& graph, const std::string& kind, const std::string& name,
                               const std::string&, const std::string& config,
                               const std::vector<ValueId>& inputs) override {
        return apply_part(graph, kind, {{"class_name", name}, {"config", parse_json(config, name)}},
                          inputs);
    }
};

DType label_type(const Tensor& y_true) {
    return y_true.dtype() == DType::I64 ? DType::I64 : DType::F32;
}

/// Outputs of a loss or metric on one batch: its values, their mean, and the mean's gradient.
std::map<std::string, Tensor> evaluate(const std::shared_ptr<Device>& device, const Golden& golden,
                                       const char* kind, Json config, const Tensor& y_true,
                                       const Tensor& y_pred) {
    Graph graph;
    Parts hooks;
    lm_graph context{graph, hooks, LM_MODE_INFER, "", "", {}};
    plugin::Graph builder(host_table(), &context);
    const ValueId labels = graph.add_input("y_true", {label_type(y_true), y_true.shape()});
    const ValueId predictions = graph.add_input("y_pred", {DType::F32, y_pred.shape()});
    const plugin::Value values(
        builder, apply_part(context, kind,
                            {{"class_name", golden.class_name()}, {"config", std::move(config)}},
                            {labels, predictions})
                     .at(0));
    const plugin::Value mean = reduce_mean(values, all_axes(values));
    graph.add_output("values", values.id());
    graph.add_output("mean", mean.id());
    if (std::string(kind) == "loss")
        graph.add_output("dy_pred", differentiate(graph, mean.id(), {predictions}).at(0));
    auto variables = std::make_shared<VariableStore>(device);
    return Executable(std::move(graph), variables)
        .run({{"y_true", y_true.cast(label_type(y_true))}, {"y_pred", y_pred.cast(DType::F32)}});
}

} // namespace

TEST_CASE("losses give Keras's values and gradients") {
    const auto device = Device::open("reference");
    for (const Golden& golden : read_goldens("losses")) {
        INFO(golden.name());
        try {
            auto out = evaluate(device, golden, "loss", golden.config(), golden["y_true"],
                                golden["y_pred"]);
            // Keras leaves the values of images unreduced; here each sample has one.
            if (golden["values"].shape().rank() == 1)
                check_close(out.at("values"), golden["values"], "values");
            check_close(out.at("mean"), golden["loss"], "loss");
            check_close(out.at("dy_pred"), golden["dy_pred"], "dy_pred");
        } catch (const std::exception& e) {
            FAIL_CHECK(golden.name() << ": " << e.what());
        }
    }
}

TEST_CASE("metrics give Keras's values over two batches") {
    const auto device = Device::open("reference");
    for (const Golden& golden : read_goldens("metrics")) {
        if (golden.kind() != "metric" || golden.class_name() == "Accuracy")
            continue; // "accuracy" is resolved to the kind that fits the loss
        INFO(golden.name());
        double sum = 0, count = 0;
        for (const std::string batch : {"0", "1"}) {
            const Tensor& y_true = golden["y_true" + batch];
            auto out = evaluate(device, golden, "metric", golden.config(), y_true,
                                golden["y_pred" + batch]);
            const auto n = static_cast<double>(y_true.shape()[0]);
            sum += n * static_cast<double>(out.at("mean").item<float>());
            count += n;
            const auto expected =
                static_cast<double>(golden["result" + batch].cast(DType::F32).item<float>());
            CHECK(sum / count == Approx(expected).epsilon(1e-5));
        }
    }
}

TEST_CASE("the confusion matrix counts by true and predicted class") {
    const auto device = Device::open("reference");
    for (const Golden& golden : read_goldens("metrics")) {
        if (golden.kind() != "confusion_matrix")
            continue;
        const int64_t classes = golden["matrix"].shape()[0];
        const auto predicted = golden["y_pred"].data<int64_t>();
        Tensor scores = Tensor::zeros(DType::F32, {golden["y_pred"].elements(), classes});
        for (size_t i = 0; i < predicted.size(); ++i)
            scores.data<float>()[i * static_cast<size_t>(classes) +
                                 static_cast<size_t>(predicted[i])] = 1;
        auto out = evaluate(device, golden, "metric", Json::object(), golden["y_true"], scores);
        check_close(out.at("values"), golden["matrix"], "matrix", 0, 0);
    }
}
