// The zoo's nets for ImageNet beside those of keras.applications (tests/parity/applications.py):
// every layer's place, name, parameters and inputs, and what it gives for the same weights and
// picture.

#include <cmath>

#include "golden.hpp"
#include "lamina/model.hpp"
#include "lamina/plugin/philox.hpp"

using namespace lamina;

namespace {

constexpr uint64_t kSeed = 2026;
constexpr int64_t kValues = 64;

Tensor uniform(const std::string& name, const Shape& shape, float low, float high) {
    const PhiloxKey key = philox_key(kSeed, name);
    Tensor out = Tensor::uninitialized(DType::F32, shape);
    const std::span<float> values = out.data<float>();
    const float range = high - low;
    for (size_t i = 0; i < values.size(); i += 4) {
        const PhiloxBlock block = philox4x32(philox_counter(i, 0, 0), key);
        for (size_t lane = 0; lane < 4 && i + lane < values.size(); ++lane) {
            const float scaled = range * uniform_from_bits(block[lane]);
            values[i + lane] = low + scaled;
        }
    }
    return out;
}

void draw_weights(Model& model) {
    model.initialize(1);
    for (const std::string& name : model.variable_names()) {
        const Shape shape = model.variable(name).shape();
        const std::string weight = name.substr(name.rfind('/') + 1);
        float low = -0.1f, high = 0.1f;
        if (weight == "kernel") {
            const bool depthwise = name.starts_with("conv_dw_");
            int64_t field = 1;
            for (size_t d = 0; d < (depthwise ? 2 : shape.rank() - 1); ++d)
                field *= shape[d];
            high = std::sqrt(6.0f / static_cast<float>(field));
            low = -high;
        } else if (weight == "gamma" || weight == "moving_variance") {
            low = 0.5f;
            high = 1.5f;
        }
        model.set_variable(name, uniform(name, shape, low, high));
    }
}

/// How far the output is from the golden's digest, beside its largest magnitude.
double difference(const Tensor& y, const Tensor& golden) {
    const auto values = y.data<float>();
    const auto expected = golden.data<float>();
    const double largest = expected[2];
    double sum = 0, squares = 0;
    for (const double v : values) {
        sum += v;
        squares += v * v;
    }
    const double mean = sum / static_cast<double>(values.size()), norm = std::sqrt(squares);
    double worst = std::fabs(mean - static_cast<double>(expected[0])) / largest;
    // The norm's own size is that of many elements.
    worst = std::max(worst, std::fabs(norm - static_cast<double>(expected[1])) /
                                std::max<double>(expected[1], largest));
    for (int64_t i = 0; i < kValues; ++i) {
        const auto at =
            static_cast<size_t>(i * (static_cast<int64_t>(values.size()) - 1) / (kValues - 1));
        worst =
            std::max(worst, std::fabs(static_cast<double>(values[at]) -
                                      static_cast<double>(expected[3 + static_cast<size_t>(i)])) /
                                largest);
    }
    return worst;
}

test::Golden application(const std::string& name) {
    for (test::Golden& golden : test::read_goldens("applications"))
        if (golden.name() == name)
            return golden;
    FAIL("no golden " << name);
    return {};
}

void follows_keras(const std::string& name, const std::string& backend) {
    const test::Golden golden = application(name);
    Model model = Model::zoo(name);
    model.use(backend);
    draw_weights(model);
    std::vector<std::string> layers;
    for (const LayerSummary& layer : model.summary())
        layers.push_back(layer.name);
    std::vector<int64_t> shape = model.input_shape();
    shape.insert(shape.begin(), 1);
    const auto outputs =
        model.up_to(layers).predict(std::vector<Tensor>{uniform("picture", Shape(shape), -1, 1)});
    REQUIRE(outputs.size() == layers.size());
    for (size_t i = 0; i < layers.size(); ++i) {
        INFO(name << ": " << layers[i]);
        CHECK(outputs[i].shape() ==
              Shape(golden.info.at("shapes").at(layers[i]).get<std::vector<int64_t>>()));
        CHECK(difference(outputs[i], golden[layers[i]]) < 1e-4);
    }
}

} // namespace

TEST_CASE("the zoo's nets have the layers of keras.applications, in Keras's order") {
    for (const test::Golden& golden : test::read_goldens("applications")) {
        INFO(golden.name());
        const auto layers = Model::zoo(golden.name()).summary();
        const Json& expected = golden.info.at("layers");
        REQUIRE(layers.size() == expected.size());
        int64_t parameters = 0;
        for (size_t i = 0; i < layers.size(); ++i) {
            INFO("layer " << i);
            CHECK(layers[i].name == expected[i][0]);
            CHECK(layers[i].class_name == expected[i][1]);
            CHECK(layers[i].parameters == expected[i][2]);
            CHECK(Json(layers[i].inputs) == expected[i][3]);
            parameters += layers[i].parameters;
        }
        CHECK(parameters == golden.info.at("parameters"));
    }
}

TEST_CASE(
    "VGG16 and Inception v3 without their tops have Keras's parameters, and take other pictures") {
    const auto parameters = [](const std::string& spec) {
        int64_t sum = 0;
        for (const LayerSummary& layer : Model::zoo(spec).summary())
            sum += layer.parameters;
        return sum;
    };
    CHECK(parameters("vgg16:include_top=false") == 14'714'688);
    CHECK(parameters("inception_v3:include_top=false") == 21'802'784);
    CHECK(parameters("squeezenet") == 1'235'496);
    const auto pooled =
        Model::zoo("vgg16:include_top=false,pooling=avg,input_shape=48x64x3").summary();
    CHECK(pooled.back().class_name == "GlobalAveragePooling2D");
    CHECK(pooled.back().output_shape == std::vector<int64_t>{-1, 512});
    CHECK(Model::zoo("inception_v3:include_top=false,input_shape=75x80x3")
              .summary()
              .back()
              .output_shape == std::vector<int64_t>{-1, 1, 1, 2048});
    CHECK_THROWS_WITH(Model::zoo("inception_v3:input_shape=74x80x3"),
                      Catch::Contains("at least 75 x 75"));
}

TEST_CASE("VGG16 and Inception v3 follow Keras layer by layer on openblas", "[release-only]") {
    follows_keras("vgg16", "openblas");
    follows_keras("inception_v3", "openblas");
}

TEST_CASE("ResNet-50 and MobileNet follow Keras layer by layer on openblas", "[release-only]") {
    follows_keras("resnet50", "openblas");
    follows_keras("mobilenet", "openblas");
}

TEST_CASE("VGG16 and Inception v3 follow Keras layer by layer on Vulkan", "[release-only][full]") {
    try {
        Device::open("vulkan");
    } catch (const Error& e) {
        WARN("skipped: " << e.what());
        return;
    }
    follows_keras("vgg16", "vulkan");
    follows_keras("inception_v3", "vulkan");
}
