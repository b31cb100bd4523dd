/// 50 training steps of LeNet on real digits, from weights that Keras started from too.
#include <cmath>

#include "golden.hpp"
#include "lamina/sha256.hpp"
#include "model/model_state.hpp"
#include "training.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

constexpr int64_t kBatch = 32;
constexpr int64_t kSteps = 50;

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
class SplitMix64 {
  public:
    explicit SplitMix64(uint64_t seed) : state_(seed) {}
    double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

  private:
    uint64_t next() {
        uint64_t z = state_ += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
    uint64_t state_;
};

/// As tests/parity/lenet.py draws them, layer by layer: Glorot's limit, biases zero.
Tensor initial_weight(SplitMix64& draw, const Shape& shape) {
    Tensor weight = Tensor::zeros(DType::F32, shape);
    if (shape.rank() == 1)
        return weight;
    const auto size = static_cast<double>(weight.elements());
    const auto in = static_cast<double>(shape[shape.rank() - 2]);
    const auto out = static_cast<double>(shape.back());
    const double limit = std::sqrt(6 / (size / in + size / out));
    for (float& w : weight.data<float>())
        w = static_cast<float>(limit * (2 * draw.unit() - 1));
    return weight;
}

struct Digits {
    Tensor images = Tensor::zeros(DType::U8, {kSteps * kBatch, 28, 28, 1});
    Tensor labels = Tensor::zeros(DType::I64, {kSteps * kBatch});

    /// The first of the training file, of which the bundled sample has 6,000.
    Digits() {
        for (int64_t i = 0; i < kSteps * kBatch; ++i)
            labels.data<int64_t>()[static_cast<size_t>(i)] =
                digits()->read(Split::Train, i, images.rows(i, i + 1).raw());
    }
};

double norm(const Tensor& t) {
    double sum = 0;
    for (const float x : t.data<float>())
        sum += static_cast<double>(x) * static_cast<double>(x);
    return std::sqrt(sum);
}

double number(const Tensor& t) { return t.cast(DType::F64).item<double>(); }

class LeNet {
  public:
    LeNet(const Golden& golden, const std::string& backend) {
        state_.backend = backend;
        state_.architecture = build_zoo_model("lenet", Json::object());
        state_.training.optimizer = golden.config().at("optimizer");
        state_.training.loss = golden.config().at("loss");
        SplitMix64 draw(golden.info.at("seed").get<uint64_t>());
        int i = 0;
        for (const Variable& v : state_.model_variables()) {
            const Tensor weight = initial_weight(draw, v.type.shape);
            const std::string name = "initial" + std::to_string(i++);
            CHECK(norm(weight) == Approx(number(golden[name + "_norm"])).epsilon(1e-6));
            state_.set_waiting(v.name, weight);
        }
    }

    double step(const Tensor& x, const Tensor& y) {
        const auto program = state_.compiled(Mode::Train, kBatch, kBytes).executable;
        state_.initialize(program->graph(), 1);
        const auto out = program->run(
            {{"x", x},
             {"y", y},
             {"learning_rate", Tensor::scalar(static_cast<float>(state_.stated_learning_rate))},
             {"iterations", Tensor::scalar(static_cast<float>(state_.iterations++))},
             {"epoch", Tensor::scalar(0.0f)}});
        return number(out.at("loss"));
    }
    Tensor predict(const Tensor& x) {
        return state_.compiled(Mode::Predict, kBatch, kBytes)
            .executable->run({{"x", x}})
            .at("output");
    }
    std::vector<double> norms() const {
        std::vector<double> out;
        for (const Variable& v : state_.model_variables())
            out.push_back(norm(state_.value_of(v.name)));
        return out;
    }

  private:
    static constexpr SampleFormat kBytes{DType::U8, 1.0 / 255, 0};
    Model::State state_;
};

const Digits& data() {
    static const Digits digits;
    return digits;
}

Golden golden_of(const std::string& name) {
    for (const Golden& golden : read_goldens("lenet"))
        if (golden.name() == name)
            return golden;
    throw std::runtime_error("no golden is named " + name);
}

double loss_of_step(LeNet& lenet, int64_t i) {
    return lenet.step(data().images.rows(i * kBatch, (i + 1) * kBatch),
                      data().labels.rows(i * kBatch, (i + 1) * kBatch));
}

/// Keras's own f32 curve tells how far rounding alone carries from the exact one by each step.
void check_on_reference(const char* name) {
    INFO(name);
    const Golden golden = golden_of(name);
    REQUIRE(sha256(data().images.raw_bytes()) == golden.info.at("images_sha256"));
    LeNet lenet(golden, "reference");
    const Tensor losses = golden["losses"].cast(DType::F64);
    const Tensor losses_f32 = golden["losses_f32"].cast(DType::F64);
    const auto exact = losses.data<double>(), rounded = losses_f32.data<double>();
    double spread = 0;
    for (int64_t i = 0; i < kSteps; ++i) {
        const auto at = static_cast<size_t>(i);
        spread = std::max(spread, std::abs(rounded[at] / exact[at] - 1));
        INFO("step " << i << ": Keras in f32 is off by " << spread << " at most so far");
        CHECK(loss_of_step(lenet, i) == Approx(exact[at]).epsilon(2e-6 + 4 * spread));
    }
    check_close(lenet.predict(data().images.rows(0, kBatch)), golden["predictions"], "predictions",
                0, 1e-5 + 10 * spread);
    const auto norms = lenet.norms();
    for (size_t i = 0; i < norms.size(); ++i)
        CHECK(
            norms[i] ==
            Approx(number(golden["weight" + std::to_string(i) + "_norm"])).epsilon(1e-5 + spread));
}

} // namespace

TEST_CASE("50 steps of LeNet by momentum have Keras's losses, predictions and weights",
          "[release-only]") {
    check_on_reference("lenet_sgd_momentum");
}

TEST_CASE("50 steps of LeNet by Adam and by fast momentum have them as far as rounding lets",
          "[full]") {
    check_on_reference("lenet_adam");
    check_on_reference("lenet_sgd_momentum_fast");
}

TEST_CASE("LeNet's losses on openblas follow Keras's, first closely, then as rounding lets") {
    const Golden golden = golden_of("lenet_sgd_momentum");
    LeNet lenet(golden, "openblas");
    const Tensor losses = golden["losses"].cast(DType::F64);
    const auto exact = losses.data<double>();
    for (int64_t i = 0; i < kSteps; ++i) {
        INFO("step " << i);
        // Winograd's 5x5 products round more than plain ones, and each maximum of a pool that this
        // moves leads further away: 3e-5 in step 5, 2e-4 in step 8, 5e-2 at most.
        const double bound = i < 3 ? 1e-5 : i < 8 ? 2e-4 : i < 20 ? 2e-3 : 0.1;
        CHECK(loss_of_step(lenet, i) == Approx(exact[static_cast<size_t>(i)]).epsilon(bound));
    }
}
