// One training step after another on every backend that is present, next to the reference backend.
#include <catch2/catch.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <vector>

#include "lamina/device.hpp"
#include "lamina/model.hpp"
#include "lamina/plugin/philox.hpp"

namespace lamina {
namespace {

Tensor pictures(int64_t n, const std::vector<int64_t>& sample) {
    Shape shape{n};
    for (const int64_t d : sample)
        shape.push_back(d);
    Tensor x = Tensor::uninitialized(DType::U8, shape);
    const PhiloxKey key = philox_key(7, std::string_view("pictures"));
    for (size_t i = 0; i < x.data<uint8_t>().size(); ++i)
        x.data<uint8_t>()[i] = static_cast<uint8_t>(random_bits(key, i, 0, 0) >> 24);
    return x;
}

Tensor labels(int64_t n, int64_t classes) {
    std::vector<int64_t> y;
    for (int64_t i = 0; i < n; ++i)
        y.push_back(i * 7 % classes);
    return Tensor::from(y);
}

struct Outcome {
    std::vector<float> losses;
    std::map<std::string, std::vector<float>> variables; // slots too
};

Outcome train(Model& model, const std::string& backend, const Training& training, int steps,
              int64_t batch) {
    model.use(backend);
    model.compile(training);
    const auto step = model.executable(Mode::Train, batch, DType::U8, 1.0 / 255, 0);
    model.initialize(3, *step);
    Outcome out;
    const Tensor x = pictures(batch, model.input_shape()), y = labels(batch, model.classes());
    for (int i = 0; i < steps; ++i) {
        const auto result = step->run({{"x", x},
                                       {"y", y},
                                       {"learning_rate", Tensor::scalar(0.01f)},
                                       {"iterations", Tensor::scalar(static_cast<float>(i))},
                                       {"epoch", Tensor::scalar(0.0f)},
                                       {"rng_state", Tensor::from(std::vector<int64_t>{3, i, 0})}});
        out.losses.push_back(result.at("loss").item<float>());
    }
    for (const std::string& name : model.variable_names(true)) {
        const Tensor value = model.variable(name);
        const auto values = value.data<float>();
        out.variables[name].assign(values.begin(), values.end());
    }
    return out;
}

/// The largest difference, relative to the tensor's largest magnitude.
double difference(const std::vector<float>& a, const std::vector<float>& b) {
    double most = 0, largest = 0;
    for (size_t i = 0; i < a.size(); ++i) {
        most = std::max(most, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
        largest = std::max(largest, std::abs(static_cast<double>(b[i])));
    }
    return largest == 0 ? most : most / largest;
}

std::vector<std::string> available_backends() {
    std::vector<std::string> out;
    for (const BackendStatus& b : list_backends())
        if (b.unavailable.empty() && !b.devices.empty() && b.name != "reference")
            out.push_back(b.name);
    return out;
}

/// bound: rounding that grows over the steps; a gradient near zero may change an adaptive update's
/// sign.
void expect_agreement(const std::function<Model()>& make, const Training& training, int steps,
                      int64_t batch, double bound) {
    Model oracle = make();
    const Outcome wanted = train(oracle, "reference", training, steps, batch);
    for (const std::string& backend : available_backends()) {
        Model model = make();
        const Outcome got = train(model, backend, training, steps, batch);
        CAPTURE(backend);
        for (size_t i = 0; i < wanted.losses.size(); ++i) {
            CAPTURE(i);
            CHECK(got.losses[i] == Approx(wanted.losses[i]).epsilon(bound));
        }
        REQUIRE(got.variables.size() == wanted.variables.size());
        for (const auto& [name, values] : wanted.variables) {
            CAPTURE(name);
            CHECK(difference(got.variables.at(name), values) < bound);
        }
    }
}

TEST_CASE("backends: three SGD steps of a softmax net agree with the reference") {
    expect_agreement([] { return Model::zoo("mnist_softmax"); },
                     {"sgd:momentum=0.9", "categorical_crossentropy", {"accuracy"}}, 3, 5, 1e-4);
}

TEST_CASE("backends: two SGD steps of LeNet agree with the reference") {
    expect_agreement([] { return Model::zoo("lenet"); },
                     {"sgd", "categorical_crossentropy", {"accuracy"}}, 2, 3, 1e-3);
}

TEST_CASE("backends: batch normalisation, dropout and regularizers agree with the reference") {
    const auto make = [] {
        Model model({7, 9, 2});
        model
            .add("Conv2D",
                 {{"filters", 5},
                  {"kernel_size", 3},
                  {"padding", "same"},
                  {"use_bias", false}, // normalisation cancels it: its gradient is rounding
                  {"kernel_regularizer", "l2"}})
            .add("BatchNormalization")
            .add("Activation", {{"activation", "relu"}})
            .add("MaxPooling2D", {{"pool_size", 2}})
            .add("DepthwiseConv2D", {{"kernel_size", 3}})
            .add("AveragePooling2D", {{"pool_size", 1}})
            .add("Dropout", {{"rate", 0.25}})
            .add("Flatten")
            .add("Dense", {{"units", 3}, {"activation", "softmax"}});
        return model;
    };
    expect_agreement(make, {"sgd", "sparse_categorical_crossentropy", {"accuracy"}}, 3, 4, 1e-3);
}

TEST_CASE("backends: a channels_first net trains as its channels_last twin") {
    const auto make = [](const char* format, const std::vector<int64_t>& shape) {
        Model model(shape);
        model
            .add("Conv2D", {{"filters", 4},
                            {"kernel_size", 3},
                            {"data_format", format},
                            {"activation", "relu"}})
            .add("MaxPooling2D", {{"pool_size", 2}, {"data_format", format}})
            .add("Conv2D", {{"filters", 3},
                            {"kernel_size", 2},
                            {"data_format", format},
                            {"activation", "tanh"}})
            .add("GlobalAveragePooling2D", {{"data_format", format}})
            .add("Dense", {{"units", 3}, {"activation", "softmax"}});
        return model;
    };
    expect_agreement(
        [&] {
            return make("channels_first", {2, 9, 8});
        },
        {"sgd", "categorical_crossentropy", {"accuracy"}}, 3, 4, 1e-3);
}

} // namespace
} // namespace lamina
