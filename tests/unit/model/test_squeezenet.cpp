// SqueezeNet v1.1 with real ImageNet weights, from ../shared/data/squeezenet: logits that others
// computed.

#include <algorithm>
#include <cmath>
#include <cstring>

#include <catch2/catch.hpp>

#include "lamina/file.hpp"
#include "lamina/model.hpp"

using namespace lamina;

namespace {

const std::string kFolder = std::string(LAMINA_TEST_SHARED_DIR) + "/data/squeezenet/";

/// The f32 numbers of a .npy file, row after row.
Tensor npy(const std::string& name, const Shape& shape) {
    const std::string bytes = read_text(kFolder + "check/squeezenet_v1.1__" + name + ".npy");
    REQUIRE(bytes.substr(1, 5) == "NUMPY");
    const size_t header = 10 + static_cast<unsigned char>(bytes[8]) +
                          256 * static_cast<size_t>(static_cast<unsigned char>(bytes[9]));
    REQUIRE(bytes.substr(0, header).find("'<f4', 'fortran_order': False") != std::string::npos);
    Tensor out = Tensor::uninitialized(DType::F32, shape);
    REQUIRE(bytes.size() - header == out.bytes());
    std::memcpy(out.raw(), bytes.data() + header, out.bytes());
    return out;
}

Model squeezenet(const std::string& backend) {
    Model model = Model::zoo("squeezenet");
    model.load_weights(kFolder + "squeezenet_v1.1_with_top.h5");
    Model logits = model.up_to({"global_average_pooling2d", "loss"});
    logits.use(backend);
    return logits;
}

void gives_the_logits(const std::string& backend) {
    Model model = squeezenet(backend);
    struct Picture {
        const char* name;
        size_t best;
        float probability;
    };
    for (const Picture& p : {Picture{"caffe_cat", 282, 0.0f}, {"steam_locomotive", 820, 0.985f}}) {
        INFO(backend << ": " << p.name);
        const auto outputs = model.predict(
            std::vector<Tensor>{npy(std::string(p.name) + "__input_nhwc_bgr", {1, 227, 227, 3})});
        const Tensor expected = npy(std::string(p.name) + "__logits", {1, 1000});
        const auto y = outputs[0].data<float>(), e = expected.data<float>();
        float largest = 0, worst = 0;
        for (size_t i = 0; i < e.size(); ++i) {
            largest = std::max(largest, std::fabs(e[i]));
            worst = std::max(worst, std::fabs(y[i] - e[i]));
        }
        CHECK(worst < 1e-4f * largest);
        const auto probabilities = outputs[1].data<float>();
        const auto best = std::max_element(probabilities.begin(), probabilities.end());
        CHECK(static_cast<size_t>(best - probabilities.begin()) == p.best);
        if (p.probability > 0)
            CHECK(*best == Approx(p.probability).margin(0.0005));
    }
}

} // namespace

TEST_CASE("SqueezeNet gives the logits that its weights are known for, on openblas", "[shared]") {
    gives_the_logits("openblas");
}

TEST_CASE("SqueezeNet gives the logits that its weights are known for, on Vulkan", "[shared]") {
    try {
        Device::open("vulkan");
    } catch (const Error& e) {
        WARN("skipped: " << e.what());
        return;
    }
    gives_the_logits("vulkan");
}
