/// Small models on the bundled digits.
#pragma once

#include <functional>

#include <catch2/catch.hpp>

#include "lamina/error.hpp"
#include "lamina/model.hpp"
#include "lamina/registry.hpp"
#include "temp_folder.hpp"

namespace lamina::test {

inline std::shared_ptr<Dataset> digits() {
    static const auto data = Dataset::open("mnist:sample");
    return data;
}

/// A convolution, dropout and batch normalisation: everything that draws or keeps a state.
inline Model small_net(const std::string& optimizer = "adam") {
    Model model({28, 28, 1}, "small");
    model.add("MaxPooling2D", {{"pool_size", 4}})
        .add("Conv2D", {{"filters", 3}, {"kernel_size", 3}, {"activation", "relu"}})
        .add("BatchNormalization")
        .add("Flatten")
        .add("Dropout", {{"rate", 0.25}})
        .add("Dense", {{"units", 10}, {"activation", "softmax"}});
    model.compile({.optimizer = optimizer});
    return model;
}

inline FitOptions options(int epochs, int64_t limit = 100, int64_t batch = 32) {
    FitOptions o;
    o.epochs = epochs;
    o.train_limit = limit;
    o.batch_size = batch;
    o.seed = 5;
    return o;
}

/// Asks its function after every batch whether to go on.
struct AfterBatch : Callback {
    std::function<bool(const BatchEvent&)> ask;
    explicit AfterBatch(std::function<bool(const BatchEvent&)> f) : ask(std::move(f)) {}
    bool batch_end(const BatchEvent& e) override { return ask(e); }
};

/// Tells its function of every epoch.
struct AfterEpoch : Callback {
    std::function<void(const EpochRecord&)> tell;
    explicit AfterEpoch(std::function<void(const EpochRecord&)> f) : tell(std::move(f)) {}
    bool epoch_end(const EpochRecord& e) override {
        tell(e);
        return true;
    }
};

} // namespace lamina::test
