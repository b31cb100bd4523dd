/// VGG-16 as it was shared before Keras 1.0 (tests/parity/before_keras_1.py).
#include "golden.hpp"
#include "lamina/error.hpp"
#include "lamina/model.hpp"
#include "saved_here.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;

namespace {

const std::string kFolder = std::string(LAMINA_TEST_DATA_DIR) + "/keras/before-keras-1/";
const std::string kWeights = kFolder + "vgg16_weights.h5";
constexpr WeightOptions kTheano{SourceBackend::Theano, SourceOrder::ChannelsFirst};

/// [1, H, W, C] as [1, C, H, W].
Tensor channels_first(const Tensor& x) {
    const int64_t height = x.shape()[1], width = x.shape()[2], channels = x.shape()[3];
    Tensor y = Tensor::uninitialized(DType::F32, {1, channels, height, width});
    for (int64_t i = 0; i < x.elements(); ++i)
        y.data<float>()[static_cast<size_t>(i % channels * height * width + i / channels)] =
            x.data<float>()[static_cast<size_t>(i)];
    return y;
}

} // namespace

TEST_CASE("weights of before Keras 1, converted from Caffe for Theano, predict what Keras "
          "predicts with them") {
    const Golden golden = read_goldens("files_before-keras-1").at(0);
    Model model = Model::load(kFolder + "channels_last.json", kWeights, kTheano);
    check_close(model.predict(golden["x0"]), golden["y0"], "channels_last", 1e-5);
    const TempFolder temporary; // what becomes of it is for real Keras, too
    const auto folder = saved_here(temporary) / golden.info.at("folder").get<std::string>();
    std::filesystem::create_directories(folder);
    for (const char* file : {"model.h5", "model.keras", "model.weights.h5", "architecture.json"})
        model.save((folder / file).string());

    CHECK(model.weight_report().by_position);
    CHECK(model.weight_report().loaded.size() == 32);
    CHECK(model.weight_report().loaded.front().tensor == "layer_1/param_0");

    Model first = Model::load(kFolder + "channels_first.json", kWeights, kTheano);
    check_close(first.predict(channels_first(golden["x0"])), golden["y0"], "channels_first", 1e-5);
}

TEST_CASE("weights of before Keras 1 that are said to be what they are not give something else") {
    const Golden golden = read_goldens("files_before-keras-1").at(0);
    Model model = Model::load(kFolder + "channels_last.json", kWeights,
                              {SourceBackend::TensorFlow, SourceOrder::ChannelsFirst});
    CHECK(difference(model.predict(golden["x0"]), golden["y0"]).worst > 1e-3);
    CHECK_THROWS_WITH(Model::load(kFolder + "channels_last.json", kWeights),
                      Contains("the weights do not fit model vgg16_before_keras_1") &&
                          Contains("conv1_1/kernel: expected [3, 3, 3, 2], the file has "
                                   "[2, 3, 3, 3]"));
}
