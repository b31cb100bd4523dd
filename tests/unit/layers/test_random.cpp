/// The layers that draw: what they drop, how they scale, and what their gradient is.
#include <numeric>

#include "golden.hpp"
#include "graph/autodiff.hpp"
#include "lamina/executable.hpp"
#include "lamina/plugin/graph.hpp"
#include "model/tracer.hpp"
#include "plugins/host.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

/// Where a training step stands: its draws are keyed by it.
struct Moment {
    int64_t seed = 7, step = 0, first_sample = 0;
};

struct Outcome {
    Tensor y, dx; // dx: the gradient of sum(y)
};

Outcome train(const std::string& class_name, const Json& config, const Tensor& x,
              const Moment& at = {}) {
    Graph graph;
    LayerTracer tracer(graph, LM_MODE_TRAIN);
    const ValueId input = graph.add_input("x", {DType::F32, x.shape()});
    LayerSpec layer;
    layer.class_name = class_name;
    layer.name = "layer";
    layer.config = config;
    const ValueId y = tracer.call(layer, {input}, x.shape()[0]).at(0);
    lm_graph context{graph, tracer, LM_MODE_TRAIN, "test", "", {}};
    plugin::Graph builder(host_table(), &context);
    const plugin::Value out(builder, y);
    const plugin::Value sum = reduce_sum(out, all_axes(out));
    const ValueId dx = differentiate(graph, sum.id(), {input}).at(0);
    graph.add_output("dx", dx == kNone ? input : dx); // y of rate 1 does not depend on x
    graph.add_output("y", y);
    auto variables = std::make_shared<VariableStore>(Device::open("reference"));
    auto outputs =
        Executable(std::move(graph), variables)
            .run({{"x", x},
                  {"rng_state",
                   Tensor::from(std::vector<int64_t>{at.seed, at.step, at.first_sample})}});
    return {outputs.at("y"), outputs.at("dx")};
}

Tensor filled(const Shape& shape, float value) {
    Tensor t = Tensor::zeros(DType::F32, shape);
    for (float& x : t.data<float>())
        x = value;
    return t;
}

std::vector<float> values(const Tensor& t) {
    return {t.data<float>().begin(), t.data<float>().end()};
}

/// Draws of so many that a share or a mean may be off by five standard errors.
double five_errors(double stddev, int64_t count) {
    return 5 * stddev / std::sqrt(static_cast<double>(count));
}

} // namespace

TEST_CASE("dropout zeroes its share and scales the rest, forward and back by the same draw") {
    const Tensor x = filled({100, 300}, 2);
    for (const double rate : {0.1, 0.3, 0.75}) {
        INFO("rate " << rate);
        const Outcome out = train("Dropout", {{"rate", rate}}, x);
        const auto scale = static_cast<float>(1 / (1 - rate));
        int64_t kept = 0;
        for (size_t i = 0; i < values(out.y).size(); ++i) {
            const float y = out.y.data<float>()[i], dx = out.dx.data<float>()[i];
            if (y != 0)
                ++kept;
            REQUIRE((y == 0 || y == Approx(2 * scale)));
            REQUIRE(dx == Approx(y / 2));
        }
        const double share = static_cast<double>(kept) / static_cast<double>(x.elements());
        CHECK(std::abs(share - (1 - rate)) <=
              five_errors(std::sqrt(rate * (1 - rate)), x.elements()));
    }
}

TEST_CASE("dropout draws anew for each seed, step and sample, and the same for the same") {
    const Tensor x = filled({8, 50}, 1);
    const auto draw = [&](const Moment& at) { return train("Dropout", {{"rate", 0.5}}, x, at).y; };
    const Tensor first = draw({});
    CHECK(values(draw({})) == values(first));
    CHECK(values(draw({.seed = 8})) != values(first));
    CHECK(values(draw({.step = 1})) != values(first));
    CHECK(values(first.rows(0, 1)) != values(first.rows(1, 2)));
    // A sample draws by its own number, in whatever batch it comes.
    CHECK(values(draw({.first_sample = 3}).rows(0, 5)) == values(first.rows(3, 8)));
}

TEST_CASE("dropout of nothing passes everything, of all nothing") {
    const Tensor x = filled({3, 4}, 5);
    CHECK(values(train("Dropout", {{"rate", 0}}, x).y) == values(x));
    CHECK(values(train("Dropout", {{"rate", 1}}, x).y) == std::vector<float>(12, 0));
}

TEST_CASE("dropout: noise_shape shares a draw along its ones") {
    const Tensor x = filled({6, 5, 40}, 1);
    const Tensor y = train("Dropout", {{"rate", 0.5}, {"noise_shape", {nullptr, 1, 40}}}, x).y;
    for (int64_t n = 0; n < 6; ++n) {
        const auto sample = values(y.rows(n, n + 1));
        for (size_t i = 0; i < sample.size(); ++i)
            REQUIRE(sample[i] == sample[i % 40]);
    }
}

TEST_CASE("spatial dropout drops whole channels, in either data format") {
    struct Case {
        const char* class_name;
        Shape shape;
        bool channels_first;
    };
    for (const Case& c : {Case{"SpatialDropout1D", {20, 3, 50}, false},
                          Case{"SpatialDropout2D", {20, 2, 3, 50}, false},
                          Case{"SpatialDropout2D", {20, 50, 2, 3}, true},
                          Case{"SpatialDropout3D", {20, 2, 2, 3, 50}, false},
                          Case{"SpatialDropout3D", {20, 50, 2, 2, 3}, true}}) {
        INFO(c.class_name << ' ' << c.shape.to_string());
        Json config = {{"rate", 0.3}};
        if (c.channels_first)
            config["data_format"] = "channels_first";
        const Outcome out = train(c.class_name, config, filled(c.shape, 1));
        const auto y = values(out.y);
        constexpr int64_t samples = 20, channels = 50;
        const int64_t spatial = out.y.elements() / (samples * channels);
        int64_t kept = 0;
        for (int64_t n = 0; n < samples; ++n)
            for (int64_t k = 0; k < channels; ++k) {
                const auto at = [&](int64_t s) {
                    const int64_t inner = c.channels_first ? k * spatial + s : s * channels + k;
                    return y[static_cast<size_t>(n * spatial * channels + inner)];
                };
                for (int64_t s = 0; s < spatial; ++s)
                    REQUIRE(at(s) == at(0));
                REQUIRE((at(0) == 0 || at(0) == Approx(1 / 0.7f)));
                kept += at(0) == 0 ? 0 : 1;
            }
        CHECK(std::abs(static_cast<double>(kept) / 1000 - 0.7) <=
              five_errors(std::sqrt(0.21), 1000));
        CHECK(values(out.dx) == y);
    }
}

TEST_CASE("gaussian noise has mean 0 and its deviation, and passes the gradient unchanged") {
    const Tensor x = filled({100, 300}, 3);
    const Outcome out = train("GaussianNoise", {{"stddev", 0.7}}, x);
    const auto y = values(out.y);
    const auto n = static_cast<double>(y.size());
    const double mean = std::accumulate(y.begin(), y.end(), 0.0) / n - 3;
    double squares = 0;
    for (const float v : y)
        squares += (v - 3.0) * (v - 3.0);
    CHECK(std::abs(mean) <= five_errors(0.7, x.elements()));
    CHECK(std::abs(std::sqrt(squares / n) - 0.7) <= five_errors(0.7, x.elements()));
    CHECK(values(out.dx) == std::vector<float>(y.size(), 1));
    CHECK(values(train("GaussianNoise", {{"stddev", 0}}, x).y) == values(x));
}
