#include <algorithm>
#include <cmath>
#include <limits>

#include "lamina/thread_pool.hpp"
#include "training.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;

TEST_CASE("the same training gives the same weights, with one thread and with two") {
    std::vector<std::string> hashes;
    for (const int threads : {1, 1, 2}) {
        set_threads(threads);
        Model model = small_net();
        model.fit(digits(), options(2));
        hashes.push_back(model.weights_sha256());
    }
    CHECK(hashes[0] == hashes[1]);
    CHECK(hashes[0] == hashes[2]);
    Model other = small_net();
    FitOptions o = options(2);
    o.seed = 6;
    other.fit(digits(), o);
    CHECK(other.weights_sha256() != hashes[0]);
}

TEST_CASE("the number of loading threads changes nothing") {
    Model one = small_net(), three = small_net();
    FitOptions o = options(2);
    one.fit(digits(), o);
    o.workers = 3;
    three.fit(digits(), o);
    CHECK(one.weights_sha256() == three.weights_sha256());
}

TEST_CASE("the last smaller batch is trained on") {
    std::vector<int64_t> seen;
    FitOptions o = options(1, 70, 32);
    o.callbacks.push_back(std::make_shared<AfterBatch>([&](const Callback::BatchEvent& e) {
        CHECK(e.batches == 3);
        seen.push_back(e.samples);
        return true;
    }));
    Model model = small_net();
    const FitResult result = model.fit(digits(), o);
    CHECK(seen == std::vector<int64_t>{32, 64, 70});
    CHECK(result.samples == 70);

    o = options(1, 64, 32);
    o.shuffle = false;
    Model without = small_net(), with = small_net();
    without.fit(digits(), o);
    o.train_limit = 65;
    with.fit(digits(), o);
    CHECK(without.weights_sha256() != with.weights_sha256());
}

TEST_CASE("the last fraction of the training samples is held out") {
    FitOptions o = options(1, 100, 16);
    o.validation_split = 0.25;
    Model split = small_net(), alone = small_net();
    const FitResult result = split.fit(digits(), o);
    CHECK(result.samples == 75);
    REQUIRE(result.history.series("val_loss").size() == 1);
    CHECK(result.history.series("val_accuracy").size() == 1);
    o.validation_split = 0;
    o.train_limit = 75;
    alone.fit(digits(), o);
    CHECK(split.weights_sha256() == alone.weights_sha256());
}

TEST_CASE("training learns") {
    Model model = Model::zoo("mnist_softmax");
    model.compile({.optimizer = "adam:learning_rate=0.01"});
    const FitResult result = model.fit(digits(), options(3, 1000, 50));
    const auto loss = result.history.series("loss");
    CHECK(loss[2] < loss[1]);
    CHECK(loss[1] < loss[0]);
    const Values test = model.evaluate(digits(), Split::Test).means;
    CHECK(*find(test, "accuracy") > 0.8);
}

TEST_CASE("evaluation does not depend on the batch size") {
    Model model = small_net();
    model.fit(digits(), options(1));
    const Values a = model.evaluate(digits(), Split::Test, 1000).means;
    const Values b = model.evaluate(digits(), Split::Test, 64).means; // the last has 40
    CHECK(*find(a, "accuracy") == Approx(*find(b, "accuracy")).margin(1e-9));
    CHECK(*find(a, "loss") == Approx(*find(b, "loss")).epsilon(1e-6));
}

TEST_CASE("evaluation tells of its batches in order, and can be stopped") {
    Model model = small_net();
    model.initialize(1);
    std::vector<int64_t> seen;
    const auto whole = model.evaluate(digits(), Split::Test, 300,
                                      [&](int64_t samples, int64_t total, const Values& means) {
                                          CHECK(total == 1000);
                                          CHECK(find(means, "accuracy") != nullptr);
                                          seen.push_back(samples);
                                          return samples < total; // too late to stop anything
                                      });
    CHECK(seen == std::vector<int64_t>{300, 600, 900, 1000});
    CHECK(whole.means == model.evaluate(digits(), Split::Test, 300).means);
    try {
        model.evaluate(digits(), Split::Test, 10,
                       [](int64_t samples, int64_t, const Values&) { return samples < 20; });
        FAIL("it went on");
    } catch (const Error& e) {
        CHECK(e.code() == StatusCode::Cancelled);
        CHECK_THAT(e.what(), Contains("of 1000 samples"));
    }
    CHECK_NOTHROW(model.evaluate(digits(), Split::Test));
}

TEST_CASE("the confusion matrix counts every sample by its true and its predicted class") {
    Model model = small_net();
    model.compile({.metrics = {"accuracy", "confusion_matrix"}});
    model.initialize(1);
    const Evaluation result = model.evaluate(digits(), Split::Test, 300); // the last batch has 100
    REQUIRE(result.tables.size() == 1);
    const auto& [name, table] = result.tables[0];
    CHECK(name == "confusion_matrix");
    REQUIRE(table.shape() == Shape{10, 10});
    std::vector<double> of_class(10), true_count(10);
    double right = 0;
    for (size_t row = 0; row < 10; ++row)
        for (size_t column = 0; column < 10; ++column) {
            const double count = table.data<double>()[row * 10 + column];
            of_class[row] += count;
            right += row == column ? count : 0;
        }
    std::vector<uint8_t> pixels(28 * 28);
    for (int64_t i = 0; i < 1000; ++i)
        ++true_count[static_cast<size_t>(digits()->read(Split::Test, i, pixels.data()))];
    CHECK(of_class == true_count);
    CHECK(right / 1000 == Approx(*find(result.means, "accuracy")));
    CHECK_THROWS_WITH(model.fit(digits(), options(1)), Contains("`lamina evaluate`"));
}

TEST_CASE("a schedule rules the learning rate, from the rate that the optimizer is given") {
    const auto rates = [](const std::string& optimizer, const std::string& schedule) {
        Model model = small_net();
        model.compile({.optimizer = optimizer, .schedule = schedule});
        return model.fit(digits(), options(3, 64, 32)).history.series("learning_rate");
    };
    const auto steps = rates("sgd:learning_rate=0.4", "step_decay:drop=0.5,epochs_drop=1");
    CHECK(steps.at(0) == Approx(0.4));
    CHECK(steps.at(1) == Approx(0.2));
    CHECK(steps.at(2) == Approx(0.1));
    // The last step of each epoch is 1, 3 and 5, counted from 0.
    const auto rising = rates("sgd:learning_rate=0.4", "warm_up:warmup_steps=4");
    CHECK(rising.at(0) == Approx(0.1));
    CHECK(rising.at(1) == Approx(0.3));
    CHECK(rising.at(2) == Approx(0.4));
    CHECK(rates("sgd", "step_decay:initial_learning_rate=3").at(0) == Approx(3));
    CHECK_THROWS_WITH(rates("sgd", "step_decai"), Contains("step_decay"));
}

TEST_CASE("a callback that asks to stop at an epoch's last batch is heard after the validation") {
    Model model = small_net();
    FitOptions o = options(5, 64, 32);
    o.validation_split = 0.2;
    o.callbacks.push_back(std::make_shared<AfterBatch>(
        [](const Callback::BatchEvent& e) { return e.batch + 1 < e.batches; }));
    const FitResult result = model.fit(digits(), o);
    CHECK(result.history.series("val_loss").size() == 1);
    CHECK(result.interrupted);
}

TEST_CASE("early stopping ends training when the monitored value gets no better") {
    Model model = small_net("sgd:learning_rate=0");
    FitOptions o = options(20);
    o.validation_split = 0.2;
    o.early_stopping = EarlyStopping::parse("patience=3,monitor=val_accuracy");
    CHECK(model.fit(digits(), o).history.epochs.size() == 4);
    o.monitor = "val_loss"; // which is not what it looks at
    o.early_stopping->start_from_epoch = 2;
    CHECK(small_net("sgd:learning_rate=0").fit(digits(), o).history.epochs.size() == 6);
    o.early_stopping->monitor = "val_acc";
    CHECK_THROWS_WITH(model.fit(digits(), o), Contains("--monitor val_acc: training reports no"));
}

TEST_CASE("early stopping puts back the weights of the best epoch where it is asked to") {
    // It leaps about, so that the last epoch is not the best.
    for (const bool stops : {false, true}) {
        Model model = small_net("sgd:learning_rate=1");
        FitOptions o = options(stops ? 30 : 4);
        o.validation_split = 0.2;
        o.early_stopping = EarlyStopping{};
        o.early_stopping->patience = stops ? 2 : 100;
        o.early_stopping->restore_best_weights = true;
        std::vector<std::string> weights;
        o.callbacks.push_back(std::make_shared<AfterEpoch>(
            [&](const EpochRecord&) { weights.push_back(model.weights_sha256()); }));
        const FitResult result = model.fit(digits(), o);
        const auto losses = result.history.series("val_loss");
        const auto best = std::min_element(losses.begin(), losses.end()) - losses.begin();
        CHECK(result.history.epochs.size() == (stops ? static_cast<size_t>(best) + 3 : 4));
        CHECK(result.restored_epoch == best);
        CHECK(model.weights_sha256() == weights.at(static_cast<size_t>(best)));
        CHECK(model.weights_sha256() != weights.back());
    }
}

/// Rates of epochs in which no weight changes.
static std::vector<double> rates_of_still_epochs(const std::string& reduce, int epochs) {
    Model model = Model::zoo("mnist_softmax");
    model.compile({.optimizer = "sgd:learning_rate=1e-12"}); // too small to change a weight
    FitOptions o = options(epochs);
    o.shuffle = false;
    o.reduce_on_plateau = ReduceOnPlateau::parse(reduce);
    return model.fit(digits(), o).history.series("learning_rate");
}

TEST_CASE("reduce on plateau takes a tenth of the learning rate") {
    const auto rates = rates_of_still_epochs("1", 4);
    REQUIRE(rates.size() == 4);
    CHECK(rates[1] == Approx(1e-12).epsilon(1e-6));
    CHECK(rates[2] == Approx(1e-13).epsilon(1e-6));
    CHECK(rates[3] == Approx(1e-14).epsilon(1e-6));
}

TEST_CASE("reduce on plateau waits for its cooldown and stops at its lowest rate") {
    const auto rates = rates_of_still_epochs("patience=1,cooldown=2,factor=0.5,min_lr=3e-13", 7);
    const std::vector<double> expected = {1e-12, 1e-12, 5e-13, 5e-13, 3e-13, 3e-13, 3e-13};
    REQUIRE(rates.size() == expected.size());
    for (size_t i = 0; i < expected.size(); ++i)
        CHECK(rates[i] == Approx(expected[i]).epsilon(1e-6));
}

TEST_CASE("reduce on plateau is refused where a schedule alone says the learning rate") {
    const auto fit = [](const std::string& schedule) {
        Model model = small_net();
        model.compile({.optimizer = "sgd", .schedule = schedule});
        FitOptions o = options(1);
        o.reduce_on_plateau = ReduceOnPlateau{};
        model.fit(digits(), o);
    };
    CHECK_NOTHROW(fit("warm_up:warmup_steps=4"));
    CHECK_THROWS_WITH(fit("exponential_decay:initial_learning_rate=1,decay_steps=9,decay_rate=0.5"),
                      Contains("--reduce-on-plateau") && Contains("ExponentialDecay"));
}

TEST_CASE("check-finite stops at the first NaN and names the layer") {
    Model model = small_net();
    FitOptions o = options(1);
    CHECK_NOTHROW(model.fit(digits(), o)); // compiles the step without checks
    Tensor kernel = model.variable("dense/kernel").clone();
    kernel.data<float>()[7] = std::numeric_limits<float>::quiet_NaN();
    model.set_variable("dense/kernel", kernel);
    o.check_finite = true;
    CHECK_THROWS_WITH(model.fit(digits(), o),
                      Contains("the output of layer dense is not finite at step 5\n"));
}

TEST_CASE("what was recorded before an error is the model's history, and no older training's") {
    Model model = small_net();
    CHECK(model.history().epochs.empty());
    model.fit(digits(), options(3));
    CHECK(model.history().epochs.size() == 3);
    FitOptions o = options(5);
    o.callbacks.push_back(std::make_shared<AfterEpoch>([](const EpochRecord& e) {
        if (e.epoch == 1)
            throw Error(StatusCode::Io, "the disk is gone");
    }));
    CHECK_THROWS_WITH(model.fit(digits(), o), "the disk is gone");
    CHECK(model.history().epochs.size() == 2);
}

/// Three layers whose outputs are near 96, whatever the input. `scale`: what the last one
/// multiplies by on the way back.
static Model chain(const std::string& optimizer, float scale) {
    Model model({28, 28, 1}, "chain");
    model.add("Flatten")
        .add("Dense", {{"units", 4}, {"name", "first"}, {"bias_initializer", "ones"}})
        .add("Dense", {{"units", 4}, {"name", "second"}, {"kernel_initializer", "zeros"}})
        .add("Dense", {{"units", 10}, {"name", "third"}});
    model.compile({.optimizer = optimizer, .loss = "mse"});
    model.initialize(1);
    const auto fill = [&](const char* name, float value) {
        Tensor t = model.variable(name).clone();
        std::fill(t.data<float>().begin(), t.data<float>().end(), value);
        model.set_variable(name, t);
    };
    fill("second/bias", 24 / scale);
    fill("third/kernel", scale);
    return model;
}

TEST_CASE("check-finite blames the layer that is the first to overflow on the way back") {
    Model model = chain("sgd", 3e37f);
    FitOptions o = options(1);
    o.check_finite = true;
    CHECK_THROWS_WITH(model.fit(digits(), o), Contains("the gradient of second/"));
}

TEST_CASE("check-finite names an update that overflows at the step that makes it") {
    Model model = chain("sgd:learning_rate=1e30", 3e7f);
    FitOptions o = options(1, 32, 32); // a single step: no later one can find it
    o.check_finite = true;
    CHECK_THROWS_WITH(model.fit(digits(), o),
                      Contains("the new value of second/") && Contains("at step 1\n"));
}

TEST_CASE("what does not fit together is said before the first step") {
    Model model = small_net();
    FitOptions o = options(1, 100, 101);
    CHECK_THROWS_WITH(model.fit(digits(), o),
                      Contains("101 is larger than the 100 training samples"));
    o = options(1, 7000);
    CHECK_THROWS_WITH(model.fit(digits(), o), Contains("6000 training samples"));
    o = options(1);
    o.monitor = "val_loss";
    CHECK_THROWS_WITH(model.fit(digits(), o), Contains("--monitor val_loss"));
    Model large({32, 32, 3});
    large.add("Flatten").add("Dense", {{"units", 10}, {"activation", "softmax"}});
    large.compile({});
    CHECK_THROWS_WITH(large.fit(digits(), options(1)),
                      Contains("[32, 32, 3]") && Contains("[28, 28, 1]"));
    Model few({28, 28, 1});
    few.add("Flatten").add("Dense", {{"units", 5}, {"activation", "softmax"}});
    few.compile({});
    CHECK_THROWS_WITH(few.fit(digits(), options(1)), Contains("5 classes"));
    CHECK_THROWS_WITH(large.evaluate(digits(), Split::Test), Contains("[28, 28, 1]"));
    o = options(1);
    o.validation_split = 0.001;
    CHECK_THROWS_WITH(model.fit(digits(), o),
                      Contains("of 100 training samples none is left to validate on"));
}

TEST_CASE("a layer that is unknown or does not fit is refused where it is added") {
    Model model({28, 28, 1});
    CHECK_THROWS_WITH(model.add("Conv2d"), Contains("Conv2D"));
    CHECK_THROWS_WITH(model.add("Dense", {{"unit", 3}}), Contains("did you mean \"units\"?"));
    CHECK_THROWS(model.add("Conv2D", {{"filters", 3}, {"kernel_size", 40}}));
    CHECK_NOTHROW(model.add("Flatten"));
    CHECK(model.summary().size() == 2);
}

TEST_CASE("moving to another backend takes the weights along") {
    Model model = small_net();
    model.fit(digits(), options(1));
    const std::string before = model.weights_sha256();
    const Tensor x = Tensor::zeros(DType::F32, {3, 28, 28, 1});
    const Tensor fast = model.predict(x);
    model.use("reference");
    CHECK(model.weights_sha256() == before);
    const Tensor slow = model.predict(x);
    for (size_t i = 0; i < 30; ++i)
        CHECK(fast.data<float>()[i] == Approx(slow.data<float>()[i]).margin(1e-5));
}

TEST_CASE("training: whether steps may overlap changes no value, and batches are told in order") {
    std::vector<std::string> hashes;
    std::vector<Values> values;
    for (const bool lag : {false, true}) {
        struct Recorder : Callback {
            bool lag = false;
            std::vector<int64_t> batches;
            bool batch_end(const BatchEvent& e) override {
                batches.push_back(e.batch);
                return true;
            }
            bool may_lag() const override { return lag; }
        };
        auto recorder = std::make_shared<Recorder>();
        recorder->lag = lag;
        Model model = small_net();
        FitOptions o = options(2, 150, 10);
        o.callbacks = {recorder};
        o.validation_split = 0.2;
        values.push_back(model.fit(digits(), o).history.epochs.back().values);
        hashes.push_back(model.weights_sha256());
        REQUIRE(recorder->batches.size() == 24);
        for (size_t i = 0; i < 24; ++i)
            CHECK(recorder->batches[i] == static_cast<int64_t>(i % 12));
    }
    CHECK(hashes[0] == hashes[1]);
    CHECK(values[0] == values[1]);
}

TEST_CASE(
    "training: too large a batch is told what it takes and the largest that fits, which does") {
    for (const std::string backend : {"openblas", "vulkan"}) {
        INFO(backend);
        Model model = small_net();
        model.use(backend + ":memory_limit_mib=2");
        try {
            model.device();
        } catch (const Error&) {
            WARN(backend << " is unavailable here");
            continue;
        }
        FitOptions o = options(1, 6000, 6000);
        std::string message;
        try {
            model.fit(digits(), o);
        } catch (const Error& e) {
            CHECK(e.code() == StatusCode::OutOfMemory);
            message = e.what();
        }
        INFO(message);
        for (const char* part : {"training small in batches of 6000 takes ", "weights ",
                                 "optimizer slots ", "activations ", "inputs ", "asked for "})
            CHECK_THAT(message, Contains(part));
        const size_t at = message.find("--batch-size ");
        REQUIRE(at != std::string::npos);
        o.batch_size = std::stoll(message.substr(at + 13));
        REQUIRE(o.batch_size > 50);
        o.train_limit = 5 * o.batch_size;
        o.validation_split = 0.3; // the last batch of training and of validation is smaller
        CHECK_NOTHROW(model.fit(digits(), o));
        o.batch_size += o.batch_size / 5;
        CHECK_THROWS_WITH(model.fit(digits(), o), Contains("asked for"));
    }
}

TEST_CASE("compile: a clipping that is misspelt or not above 0 is told with the optimizer's keys") {
    Model model({4});
    model.add("Dense", {{"units", 3}, {"activation", "softmax"}});
    CHECK_THROWS_WITH(model.compile({.optimizer = "adam:clipnom=1"}),
                      Contains("optimizer adam: unknown key `clipnom`") &&
                          Contains("did you mean \"clipnorm\"?"));
    CHECK_THROWS_WITH(model.compile({.optimizer = "adam:clipnorm=0"}),
                      Contains("`clipnorm` must be above 0"));
    CHECK_NOTHROW(model.compile({.optimizer = "adam:clipnorm=0.5"}));
}
