/// A learning rate over time, on the reference backend.
#pragma once

#include "io/json.hpp"
#include "lamina/executable.hpp"
#include "model/tracer.hpp"

namespace lamina::test {

/// The rate at a step of an epoch, of an optimizer whose own rate is 0.5.
class Schedule {
  public:
    Schedule(const std::string& class_name, const Json& config)
        : program_(compile(class_name, config)) {}

    double at(int step, int epoch = 0) {
        const auto out = program_.run({{"learning_rate", Tensor::scalar(0.5f)},
                                       {"iterations", Tensor::scalar(static_cast<float>(step))},
                                       {"epoch", Tensor::scalar(static_cast<float>(epoch))}});
        return static_cast<double>(out.at("rate").item<float>());
    }

  private:
    static Executable compile(const std::string& class_name, const Json& config) {
        Graph graph;
        BuildHooks none;
        lm_graph context{graph, none, LM_MODE_TRAIN, "", "", {}};
        std::vector<ValueId> inputs;
        for (const char* name : {"learning_rate", "iterations", "epoch"})
            inputs.push_back(graph.add_input(name, {DType::F32, {}}));
        graph.add_output("rate",
                         apply_part(context, "schedule",
                                    {{"class_name", class_name}, {"config", config}}, inputs)
                             .at(0));
        return {std::move(graph), std::make_shared<VariableStore>(Device::open("reference"))};
    }

    Executable program_;
};

} // namespace lamina::test
