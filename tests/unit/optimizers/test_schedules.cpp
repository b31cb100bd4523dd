/// The schedules that Keras does not have, against their formulas.
#include <cmath>

#include <catch2/catch.hpp>

#include "io/json.hpp"
#include "lamina/executable.hpp"
#include "model/tracer.hpp"

using namespace lamina;

namespace {

/// The rate at a step of an epoch, of an optimizer whose own rate is 0.5.
class Schedule {
  public:
    Schedule(const char* class_name, const Json& config) : program_(compile(class_name, config)) {}

    double at(int step, int epoch = 0) {
        const auto out = program_.run({{"learning_rate", Tensor::scalar(0.5f)},
                                       {"iterations", Tensor::scalar(static_cast<float>(step))},
                                       {"epoch", Tensor::scalar(static_cast<float>(epoch))}});
        return static_cast<double>(out.at("rate").item<float>());
    }

  private:
    static Executable compile(const char* class_name, const Json& config) {
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

} // namespace

TEST_CASE("step_decay multiplies the rate once after every so many epochs") {
    Schedule own("step_decay", {{"drop", 0.3}, {"epochs_drop", 4}});
    Schedule given("step_decay", {{"initial_learning_rate", 0.2}});
    for (int epoch = 0; epoch < 25; ++epoch) {
        CHECK(own.at(7, epoch) == Approx(0.5 * std::pow(0.3, epoch / 4)).epsilon(1e-5));
        CHECK(given.at(7, epoch) == Approx(0.2 * std::pow(0.5, epoch / 10)).epsilon(1e-5));
    }
}

TEST_CASE("warm_up rises straight to the optimizer's rate and stays there") {
    Schedule from_zero("warm_up", {{"warmup_steps", 8}});
    Schedule from_part("warm_up", {{"warmup_steps", 8}, {"start_factor", 0.25}});
    for (int step = 0; step < 20; ++step) {
        const double share = std::min(step, 8) / 8.0;
        CHECK(from_zero.at(step) == Approx(0.5 * share).margin(1e-7));
        CHECK(from_part.at(step) == Approx(0.5 * (0.25 + 0.75 * share)).epsilon(1e-6));
    }
}
