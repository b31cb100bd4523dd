/// The schedules that Keras does not have, against their formulas.
#include <cmath>

#include <catch2/catch.hpp>

#include "schedule.hpp"

using namespace lamina;
using namespace lamina::test;

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
