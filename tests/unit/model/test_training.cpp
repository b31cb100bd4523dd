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
    const Values test = model.evaluate(digits(), Split::Test);
    CHECK(*find(test, "accuracy") > 0.8);
}

TEST_CASE("evaluation does not depend on the batch size") {
    Model model = small_net();
    model.fit(digits(), options(1));
    const Values a = model.evaluate(digits(), Split::Test, 1000);
    const Values b = model.evaluate(digits(), Split::Test, 64); // the last has 40
    CHECK(*find(a, "accuracy") == Approx(*find(b, "accuracy")).margin(1e-9));
    CHECK(*find(a, "loss") == Approx(*find(b, "loss")).epsilon(1e-6));
}

TEST_CASE("early stopping ends training when the monitored value gets no better") {
    Model model = small_net("sgd:learning_rate=0");
    FitOptions o = options(20);
    o.validation_split = 0.2;
    o.early_stopping = 3;
    o.monitor = "val_accuracy";
    CHECK(model.fit(digits(), o).history.epochs.size() <= 6);
}

TEST_CASE("reduce on plateau takes a tenth of the learning rate") {
    Model model = Model::zoo("mnist_softmax");
    model.compile({.optimizer = "sgd:learning_rate=1e-12"}); // too small to change a weight
    FitOptions o = options(4);
    o.shuffle = false;
    o.reduce_on_plateau = 1;
    const auto rates = model.fit(digits(), o).history.series("learning_rate");
    REQUIRE(rates.size() == 4);
    CHECK(rates[1] == Approx(1e-12).epsilon(1e-6));
    CHECK(rates[2] == Approx(1e-13).epsilon(1e-6));
    CHECK(rates[3] == Approx(1e-14).epsilon(1e-6));
}

TEST_CASE("check-finite stops at the first NaN and names the layer") {
    Model model = small_net();
    model.initialize(5);
    Tensor kernel = model.variable("dense/kernel").clone();
    kernel.data<float>()[7] = std::numeric_limits<float>::quiet_NaN();
    model.set_variable("dense/kernel", kernel);
    FitOptions o = options(1);
    CHECK_NOTHROW(model.fit(digits(), o));
    model.set_variable("dense/kernel", kernel);
    o.check_finite = true;
    CHECK_THROWS_WITH(model.fit(digits(), o), Contains("dense") && Contains("is not finite"));
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
