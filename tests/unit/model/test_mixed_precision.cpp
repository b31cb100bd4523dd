#include <cmath>

#include "training.hpp"

#include "lamina/precision.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kFactor = "loss_scale/factor";
constexpr const char* kGoodSteps = "loss_scale/good_steps";
constexpr const char* kSkippedSteps = "loss_scale/skipped_steps";

Model mixed_net(const std::string& optimizer = "adam", Precision precision = Precision::Mixed) {
    Model model = small_net(optimizer);
    model.set_precision(precision);
    return model;
}

float scalar(const Model& model, const char* name) { return model.variable(name).item<float>(); }

double last_loss(const FitResult& result) {
    return *find(result.history.epochs.back().values, "loss");
}

/// Weights and the optimizer's slots; a skipped step may move the statistics of layers.
std::map<std::string, std::vector<float>> trained(const Model& model) {
    std::map<std::string, std::vector<float>> out;
    for (const std::string& name : model.variable_names(true)) {
        if (name.find("moving") != std::string::npos || name.starts_with("loss_scale"))
            continue;
        const Tensor value = model.variable(name);
        out[name].assign(value.data<float>().begin(), value.data<float>().end());
    }
    return out;
}

/// One step on made-up samples, as the optimizer's step number `iterations`.
void step(Model& model, float iterations) {
    const auto program = model.executable(Mode::Train, 8);
    model.initialize(3, *program);
    std::map<std::string, Tensor> inputs;
    for (const auto& [name, id] : program->graph().inputs()) {
        const TensorType& type = program->graph().type(id);
        inputs[name] = Tensor::zeros(type.dtype, type.shape);
    }
    for (size_t i = 0; i < inputs["x"].data<float>().size(); ++i)
        inputs["x"].data<float>()[i] = static_cast<float>(i % 13) / 13;
    inputs["learning_rate"] = Tensor::scalar(0.01f);
    inputs["iterations"] = Tensor::scalar(iterations);
    program->run(inputs);
}

} // namespace

TEST_CASE("a precision is known by our name and by Keras's") {
    CHECK(parse_precision("float32") == Precision::Float32);
    CHECK(parse_precision("mixed") == Precision::Mixed);
    CHECK(parse_precision("mixed_float16") == Precision::Mixed);
    CHECK(parse_precision("mixed_bfloat16") == Precision::MixedBfloat16);
    CHECK_THROWS_WITH(parse_precision("half"), Contains("mixed_bfloat16"));
}

TEST_CASE("mixed precision learns as float32 does") {
    std::map<Precision, double> losses;
    for (const Precision p : {Precision::Float32, Precision::Mixed, Precision::MixedBfloat16}) {
        Model model = mixed_net("adam:learning_rate=0.01", p);
        losses[p] = last_loss(model.fit(digits(), options(4, 600)));
    }
    CHECK(losses[Precision::Float32] < 1.4);
    CHECK(losses[Precision::Mixed] == Approx(losses[Precision::Float32]).margin(0.03));
    CHECK(losses[Precision::MixedBfloat16] == Approx(losses[Precision::Float32]).margin(0.1));
}

TEST_CASE("a step whose gradients overflow changes the loss scale alone") {
    for (const char* optimizer : {"adam", "sgd:momentum=0.9", "rmsprop"}) {
        INFO(optimizer);
        Model model = mixed_net(optimizer);
        step(model, 0);
        const auto before = trained(model);
        model.set_variable(kFactor, Tensor::scalar(0x1p100f));
        step(model, 1);
        CHECK(trained(model) == before);
        CHECK(scalar(model, kFactor) == 0x1p99f);
        CHECK(scalar(model, kGoodSteps) == 0);
        CHECK(scalar(model, kSkippedSteps) == 1);
        model.set_variable(kFactor, Tensor::scalar(1024.0f));
        step(model, 2);
        CHECK(trained(model) != before);
        CHECK(scalar(model, kFactor) == 1024.0f);
        CHECK(scalar(model, kGoodSteps) == 1);
        CHECK(scalar(model, kSkippedSteps) == 1);
    }
}

TEST_CASE("two thousand good steps in a row double the loss scale") {
    Model model = mixed_net();
    step(model, 0);
    CHECK(scalar(model, kFactor) == 32768);
    model.set_variable(kGoodSteps, Tensor::scalar(1999.0f));
    step(model, 1);
    CHECK(scalar(model, kFactor) == 65536);
    CHECK(scalar(model, kGoodSteps) == 0);
}

TEST_CASE("the optimizer does not count skipped steps") {
    Model skipped = mixed_net(), fresh = mixed_net();
    step(skipped, 0);
    step(fresh, 0);
    skipped.set_variable(kSkippedSteps, Tensor::scalar(4.0f));
    step(skipped, 5);
    step(fresh, 1);
    CHECK(trained(skipped) == trained(fresh));
}

TEST_CASE("the size of the loss scale does not change the weights") {
    Model one = mixed_net("sgd"), other = mixed_net("sgd");
    step(one, 0);
    step(other, 0);
    one.set_variable(kFactor, Tensor::scalar(4096.0f));
    other.set_variable(kFactor, Tensor::scalar(16384.0f));
    step(one, 1);
    step(other, 1);
    for (const auto& [name, values] : trained(one)) {
        INFO(name);
        const auto others = trained(other).at(name);
        for (size_t i = 0; i < values.size(); ++i)
            REQUIRE(values[i] == Approx(others[i]).margin(1e-5));
    }
}

TEST_CASE("going on from a checkpoint gives the same bits in mixed precision, skipped steps too") {
    const auto make = [] {
        Model model = mixed_net();
        model.set_variable(kFactor, Tensor::scalar(0x1p40f)); // so that some steps are skipped
        return model;
    };
    TempFolder whole_folder, folder;
    FitOptions o = options(4, 192);
    o.checkpoint_dir = whole_folder.path().string();
    Model whole = make();
    whole.fit(digits(), o);
    REQUIRE(scalar(whole, kSkippedSteps) > 0);
    REQUIRE(scalar(whole, kSkippedSteps) < 24);

    o.checkpoint_dir = folder.path().string();
    FitOptions half = o;
    half.epochs = 1;
    Model first = make();
    first.fit(digits(), half);
    FitOptions rest = o;
    rest.resume = folder.path().string();
    Model second = mixed_net();
    second.fit(digits(), rest);
    CHECK(second.weights_sha256() == whole.weights_sha256());
    for (const char* name : {kFactor, kGoodSteps, kSkippedSteps})
        CHECK(scalar(second, name) == scalar(whole, name));

    Model other = mixed_net("adam", Precision::Float32);
    CHECK_THROWS_WITH(other.fit(digits(), rest), Contains("--precision mixed"));
}

TEST_CASE("predictions are f32 in any precision, and near those of float32") {
    Model model = small_net();
    model.initialize(7);
    const Tensor x = Tensor::zeros(DType::F32, {3, 28, 28, 1});
    const Tensor wide = model.predict(x);
    model.set_precision(Precision::Mixed);
    const Tensor narrow = model.predict(x);
    REQUIRE(narrow.dtype() == DType::F32);
    for (size_t i = 0; i < wide.data<float>().size(); ++i)
        CHECK(narrow.data<float>()[i] == Approx(wide.data<float>()[i]).margin(2e-3));
}

TEST_CASE("--check-finite lets a skipped step pass, and stops at a loss that is not finite") {
    FitOptions o = options(1, 64);
    o.check_finite = true;
    Model model = mixed_net();
    model.set_variable(kFactor, Tensor::scalar(0x1p100f));
    CHECK_NOTHROW(model.fit(digits(), o));
    CHECK(scalar(model, kSkippedSteps) == 2);
    Tensor kernel = model.variable("dense/kernel");
    kernel.data<float>()[0] = std::nanf("");
    model.set_variable("dense/kernel", kernel);
    CHECK_THROWS_WITH(model.fit(digits(), o), Contains("the output of layer dense"));
}
