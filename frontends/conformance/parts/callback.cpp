// Callbacks: they hear of trainings, one after the other and several at once, and may stop them.
#include <cstring>

#include <fmt/format.h>

#include "case.hpp"
#include "lamina/dataset.hpp"
#include "lamina/error.hpp"
#include "parts/fitting_net.hpp"

namespace lamina::conformance {

namespace {

constexpr int kEpochs = 2;
constexpr int64_t kSamples = 12, kBatch = 5; // the last batch of an epoch is a smaller one

std::shared_ptr<Dataset> points() {
    const auto draw = [](int64_t n) {
        const Tensor x = make_inputs({"part/callback", "", {{Shape{n, 6}, uniform()}}, {}, {}})[0];
        std::vector<int64_t> y(static_cast<size_t>(n));
        for (size_t i = 0; i < y.size(); ++i)
            y[i] = static_cast<int64_t>(i % 3);
        return Dataset::InMemory{x, Tensor::from(y)};
    };
    return Dataset::of("points", draw(kSamples), draw(kSamples), 3);
}

/// A training of two epochs with these callbacks. Returns the weights, and who has stopped it.
std::pair<std::string, std::string> train(const std::vector<std::shared_ptr<Callback>>& callbacks) {
    Model model = dense_net("callback").build();
    model.use("reference");
    model.compile({"sgd:learning_rate=0.1", "categorical_crossentropy", {"accuracy"}});
    FitOptions options;
    options.epochs = kEpochs;
    options.batch_size = kBatch;
    options.validate_on_test = true;
    options.callbacks = callbacks;
    const FitResult result = model.fit(points(), options);
    return {model.weights_sha256(), result.stopped_by};
}

} // namespace

PART_TEST(callback) {
    std::shared_ptr<Callback> callback;
    std::string stopped;
    check.run("opens", [&]() -> std::string {
        callback = open_callback(subject.spec());
        return "";
    });
    if (!callback)
        return;
    check.run("hears a training of two epochs, and leaves its numbers alone", [&]() -> std::string {
        std::string weights;
        std::tie(weights, stopped) = train({callback});
        return stopped.empty() && weights != train({}).first
                   ? "the weights learnt are other ones without it"
                   : "";
    });
    if (!stopped.empty())
        check.skip("does not stop it", "it stops the training: " + stopped);
    check.run("hears another one, as the stages of a recipe are", [&]() -> std::string {
        train({callback});
        return "";
    });
    check.run("two at once hear the same training, and are closed", [&]() -> std::string {
        train({open_callback(subject.spec()), open_callback(subject.spec())});
        return "";
    });
}

} // namespace lamina::conformance
