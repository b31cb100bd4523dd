/// Early stopping and lower learning rates, epoch by epoch against Keras's callbacks.
#include <limits>

#include "golden.hpp"
#include "lamina/error.hpp"
#include "model/monitor.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;

namespace {

/// The arguments of Keras's callback as the command line would give them.
std::string as_option(Json config) {
    config.erase("initial_learning_rate"); // of the optimizer
    std::string text;
    for (const auto& [key, value] : config.items())
        text += (text.empty() ? "" : ",") + key + "=" +
                (value.is_string() ? value.get<std::string>() : value.dump());
    return text;
}

std::vector<Golden> goldens_of_kind(const std::string& kind, size_t count) {
    std::vector<Golden> found;
    for (Golden& golden : read_goldens("optimizers"))
        if (golden.kind() == kind)
            found.push_back(std::move(golden));
    REQUIRE(found.size() == count);
    return found;
}

} // namespace

TEST_CASE("reducing on a plateau gives Keras's learning rate after every epoch, bit for bit") {
    for (const Golden& golden : goldens_of_kind("reduce_on_plateau", 8)) {
        INFO(golden.name() << ": " << golden.config().dump());
        PlateauReducer reducer(ReduceOnPlateau::parse(as_option(golden.config())));
        double rate = golden.config().at("initial_learning_rate").get<double>();
        std::vector<float> rates;
        for (const float value : golden["metric"].data<float>()) {
            rate = reducer.rate_after(static_cast<double>(value), rate);
            rates.push_back(static_cast<float>(rate));
        }
        const auto expected = golden["learning_rates"].data<float>();
        CHECK(rates == std::vector<float>(expected.begin(), expected.end()));
    }
}

TEST_CASE("early stopping ends after Keras's epoch and knows Keras's best one") {
    for (const Golden& golden : goldens_of_kind("early_stopping", 7)) {
        INFO(golden.name() << ": " << golden.config().dump());
        EarlyStopper stopper(EarlyStopping::parse(as_option(golden.config())));
        const auto metric = golden["metric"].data<float>();
        for (size_t e = 0; e < metric.size(); ++e) {
            INFO("epoch " << e);
            stopper.improves(static_cast<int>(e), static_cast<double>(metric[e]));
            CHECK(stopper.exhausted(static_cast<int>(e)) ==
                  (golden["stops"].data<int64_t>()[e] != 0));
            CHECK(stopper.standing().best_epoch == golden["best_epochs"].data<int64_t>()[e]);
        }
    }
}

TEST_CASE("an accuracy improves upwards, all else downwards, and NaN never") {
    Monitor loss({.monitor = "val_mse"}), accuracy({.monitor = "val_top_k_categorical_accuracy"});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    CHECK_FALSE(loss.improves(nan));
    CHECK(loss.improves(2.0));
    CHECK(loss.improves(1.0));
    CHECK_FALSE(loss.improves(1.5));
    CHECK_FALSE(loss.improves(nan));
    CHECK(loss.best == 1.0);
    CHECK(accuracy.improves(0.5));
    CHECK_FALSE(accuracy.improves(0.4));
    CHECK(accuracy.improves(0.6));
}

TEST_CASE("one number is the patience, and a wrong setting is refused by its name") {
    CHECK(EarlyStopping::parse("7").patience == 7);
    CHECK(ReduceOnPlateau::parse("7").patience == 7);
    CHECK_THROWS_WITH(EarlyStopping::parse("-1"), Contains("--early-stopping") && Contains("-1"));
    CHECK_THROWS_WITH(ReduceOnPlateau::parse("factor=1"),
                      Contains("--reduce-on-plateau") && Contains("factor"));
    CHECK_THROWS_WITH(ReduceOnPlateau::parse("min_lrate=1"), Contains("did you mean \"min_lr\"?"));
    CHECK_THROWS_WITH(EarlyStopping::parse("mode=up"), Contains("min") && Contains("max"));
    CHECK_THROWS_WITH(EarlyStopping::parse("often"), Contains("patience"));
}
