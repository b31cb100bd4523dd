/// What initializers draw, against the distributions that Keras's have.
#include <numeric>

#include "golden.hpp"
#include "lamina/executable.hpp"
#include "model/step_graph.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

Tensor initialized(const std::shared_ptr<Device>& device, const std::string& name,
                   const Json& initializer, const Shape& shape, int64_t seed = 7) {
    Variable v;
    v.name = name;
    v.type = {DType::F32, shape};
    v.initializer = initializer.dump();
    auto variables = std::make_shared<VariableStore>(device);
    Graph graph = initialization_graph({v});
    std::map<std::string, Tensor> inputs;
    for (const auto& [input, id] : graph.inputs())
        inputs.emplace(input, Tensor::from(std::vector<int64_t>{seed, 0, 0}));
    Executable(std::move(graph), variables).run(inputs);
    return variables->read(name);
}

struct Moments {
    double mean = 0, stddev = 0, minimum = 0, maximum = 0;
};

Moments moments(const Tensor& t) {
    const auto x = t.data<float>();
    Moments m;
    m.mean = std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
    double squares = 0;
    for (const float v : x)
        squares += (static_cast<double>(v) - m.mean) * (static_cast<double>(v) - m.mean);
    m.stddev = std::sqrt(squares / static_cast<double>(x.size()));
    m.minimum = static_cast<double>(*std::min_element(x.begin(), x.end()));
    m.maximum = static_cast<double>(*std::max_element(x.begin(), x.end()));
    return m;
}

void check_distribution(const Tensor& drawn, const Json& expected) {
    const Moments m = moments(drawn);
    if (expected.at("distribution") == "constant") {
        CHECK(m.minimum == Approx(expected.at("value").get<double>()));
        CHECK(m.maximum == Approx(expected.at("value").get<double>()));
        return;
    }
    const double stddev = expected.at("stddev");
    const double five_errors = 5 * stddev / std::sqrt(static_cast<double>(drawn.elements()));
    CHECK(std::abs(m.mean - expected.at("mean").get<double>()) <= five_errors);
    CHECK(std::abs(m.stddev - stddev) <= five_errors);
    constexpr double rounding = 1e-6;
    if (expected.contains("minimum") && expected.at("minimum").is_number())
        CHECK(m.minimum >= expected.at("minimum").get<double>() - rounding);
    if (expected.contains("maximum") && expected.at("maximum").is_number())
        CHECK(m.maximum <= expected.at("maximum").get<double>() + rounding);
}

/// The largest element of |q' q - gain^2| over the smaller dimension.
double orthogonality(const Tensor& t, double gain) {
    const int64_t columns = t.shape().back(), rows = t.elements() / columns;
    const bool wide = rows < columns;
    const int64_t n = std::min(rows, columns), length = std::max(rows, columns);
    const auto x = t.data<float>();
    const auto at = [&](int64_t i, int64_t k) {
        return static_cast<double>(
            x[static_cast<size_t>(wide ? i * columns + k : k * columns + i)]);
    };
    double worst = 0;
    for (int64_t i = 0; i < n; ++i)
        for (int64_t j = 0; j < n; ++j) {
            double dot = i == j ? -gain * gain : 0;
            for (int64_t k = 0; k < length; ++k)
                dot += at(i, k) * at(j, k);
            worst = std::max(worst, std::abs(dot));
        }
    return worst;
}

} // namespace

TEST_CASE("initializers draw from Keras's distributions") {
    const auto device = Device::open("reference");
    for (const Golden& golden : read_goldens("initializers")) {
        INFO(golden.info.dump());
        const Json spec = {{"class_name", golden.class_name()}, {"config", golden.config()}};
        const Shape shape(golden.info.at("shape").get<std::vector<int64_t>>());
        try {
            const Tensor drawn = initialized(device, golden.name(), spec, shape);
            if (golden.class_name() == "Orthogonal")
                CHECK(orthogonality(drawn, golden.config().at("gain").get<double>()) < 2e-6);
            else
                check_distribution(drawn, golden.info.at("expected"));
        } catch (const std::exception& e) {
            FAIL_CHECK(golden.name() << ": " << e.what());
        }
    }
}

TEST_CASE("orthogonal weights of any shape are orthogonal") {
    const auto device = Device::open("reference");
    for (const Shape& shape : {Shape{64, 64}, Shape{1, 5}, Shape{3, 3, 4, 20}, Shape{2, 3, 41}}) {
        INFO(shape.to_string());
        const Tensor drawn = initialized(device, "w", "orthogonal", shape);
        CHECK(orthogonality(drawn, 1) < 5e-6);
    }
}

TEST_CASE("a draw depends on the seed and on the weight's name") {
    const auto device = Device::open("reference");
    const auto draw = [&](const char* name, int64_t seed) {
        return initialized(device, name, "glorot_uniform", {7, 5}, seed);
    };
    CHECK(difference(draw("a", 1), draw("a", 1)).worst == 0);
    CHECK(difference(draw("a", 1), draw("a", 2)).worst > 0);
    CHECK(difference(draw("a", 1), draw("b", 1)).worst > 0);
}
