/// Model files that strangers wrote with real Keras, from ../shared/data/keras: each loads and
/// predicts what it should, or is refused with the reason that is true.
#include <cmath>
#include <filesystem>

#include "golden.hpp"
#include "lamina/dataset.hpp"
#include "lamina/error.hpp"
#include "lamina/model.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;

namespace {

const std::string kData = std::string(LAMINA_TEST_SHARED_DIR) + "/data/";
const std::string kKeras = kData + "keras/";

/// What is done with a pixel before the model sees it.
struct Scaling {
    double mean = 0, deviation = 255;
};

/// Mean and standard deviation of all pixels of the first training images.
Scaling of_training(const Dataset& data, int64_t images) {
    std::vector<uint8_t> sample(static_cast<size_t>(data.sample().bytes()));
    double sum = 0, squares = 0, count = 0;
    for (int64_t i = 0; i < images; ++i) {
        data.read(Split::Train, i, sample.data());
        for (const uint8_t pixel : sample) {
            sum += pixel;
            squares += static_cast<double>(pixel) * pixel;
        }
        count += static_cast<double>(sample.size());
    }
    const double mean = sum / count;
    return {mean, std::sqrt(squares / count - mean * mean) + 1e-7};
}

/// How many of the first test images the model names rightly.
int64_t correct(Model& model, const Dataset& data, int64_t count, const Scaling& scaling) {
    std::vector<uint8_t> sample(static_cast<size_t>(data.sample().bytes()));
    Shape shape(model.input_shape());
    Shape batch{count};
    for (const int64_t d : shape)
        batch.push_back(d);
    Tensor x = Tensor::uninitialized(DType::F32, batch);
    std::vector<int64_t> labels;
    float* to = x.data<float>().data();
    for (int64_t i = 0; i < count; ++i) {
        labels.push_back(data.read(Split::Test, i, sample.data()));
        for (const uint8_t pixel : sample)
            *to++ = static_cast<float>((pixel - scaling.mean) / scaling.deviation);
    }
    REQUIRE(to == x.data<float>().data() + x.elements());
    const Tensor y = model.predict(x);
    const size_t classes = static_cast<size_t>(y.elements() / count);
    int64_t right = 0;
    for (size_t i = 0; i < labels.size(); ++i) {
        const auto row = y.data<float>().subspan(i * classes, classes);
        right += std::max_element(row.begin(), row.end()) - row.begin() == labels[i] ? 1 : 0;
    }
    return right;
}

std::string refusal(const std::string& file) {
    try {
        Model::load(kKeras + file);
    } catch (const Error& e) {
        return e.what();
    }
    return "";
}

} // namespace

TEST_CASE("digits: strangers' models have the accuracy that they are known for", "[shared]") {
    const auto data = Dataset::open("mnist", kData + "mnist");
    struct Row {
        const char *file, *weights;
        int64_t right; // of 2,000
    };
    for (const Row& row :
         {Row{"C3NZ__mnist-nn/mnist.h5", "", 1934}, Row{"EN10__KerasMNIST/TFKeras.h5", "", 1800},
          Row{"shmulik-willinger__machine_learning/my_model.h5", "", 1183},
          Row{"Moonflower2022__MNIST-models/mnist_model.h5", "", 1982},
          Row{"Moonflower2022__MNIST-models/mnist_model.keras", "", 1978},
          Row{"ShreyanshGupta28__mnist_classification_app/model.h5", "", 1901},
          Row{"ShreyanshGupta28__mnist_classification_app/model.keras", "", 1901},
          Row{"ShreyanshGupta28__mnist_classification_app/model.keras",
              "ShreyanshGupta28__mnist_classification_app/model.weights.h5", 1901}}) {
        INFO(row.file << " " << row.weights);
        const std::string weights = *row.weights == '\0' ? "" : kKeras + row.weights;
        Model model = Model::load(kKeras + row.file, weights);
        CHECK(correct(model, *data, 2000, {}) == row.right);
    }
}

TEST_CASE("CIFAR-10: strangers' models have the accuracy that they are known for", "[shared]") {
    const auto data = Dataset::open("cifar10", kData + "cifar-10-batches-bin");
    struct Row {
        std::string file, weights;
        Scaling scaling;
        int64_t count, right;
    };
    const std::string josh = "JoshKovi__CS-370/cifar10_";
    const std::string nemesys = "nemesysolano__tensorflow/cifar10_";
    const std::string resnet = "mlcommons__tiny/benchmark/training/image_classification/"
                               "trained_models/pretrainedResnet.h5";
    for (const Row& row :
         {Row{josh + "architecture.json", josh + "weights.h5", {}, 2000, 1242},
          // 0.8235, which ../shared/data/README.md lists, comes out by the mean of the first batch;
          // by that of all images real tf.keras 2.15 has 1,646, too (shared_keras_files.py).
          Row{nemesys + "architecture.json", nemesys + "weights.h5", of_training(*data, 10'000),
              2000, 1647},
          Row{nemesys + "architecture.json", nemesys + "weights.h5", of_training(*data, 50'000),
              2000, 1646},
          Row{"simonnchong__Computer_Vision/cifar10.h5", "", {}, 2000, 1024},
          Row{resnet, "", {0, 1}, 10'000, 8719}}) {
        INFO(row.file);
        Model model =
            Model::load(kKeras + row.file, row.weights.empty() ? "" : kKeras + row.weights);
        CHECK(correct(model, *data, row.count, row.scaling) == row.right);
    }
}

TEST_CASE("every file that real Keras reads predicts here what it predicts there", "[shared]") {
    size_t files = 0;
    for (const char* name : {"shared_keras_2", "shared_keras_3"})
        for (const Golden& golden : read_goldens(name)) {
            INFO(golden.name());
            ++files;
            const std::string weights = golden.info.at("weights");
            Model model =
                Model::load(kKeras + golden.name(), weights.empty() ? "" : kKeras + weights);
            std::vector<Tensor> inputs;
            for (int i = 0; golden.has("x" + std::to_string(i)); ++i)
                inputs.push_back(golden["x" + std::to_string(i)]);
            const auto outputs = model.predict(inputs);
            for (size_t i = 0; i < outputs.size(); ++i)
                check_close(outputs[i], golden["y" + std::to_string(i)],
                            golden.name() + ", output " + std::to_string(i), 1e-5);
        }
    CHECK(files == 15);
}

TEST_CASE("InceptionV3's architecture as Keras 2.1 wrote it has all of its layers", "[shared]") {
    const std::string configs = kKeras + "configs/";
    const auto layers = [&](const std::string& file) {
        const Model model = Model::load(configs + file); // of any height and width
        return Json::parse(model.architecture_json()).at("config").at("layers").size();
    };
    const size_t one = layers("rohitramana__telegram-bot/inceptionv3.json");
    const size_t other = layers("AKASH2907__bird_species_classification/inception_v3_model.json");
    CHECK(std::min(one, other) == 313);
    CHECK(std::max(one, other) == 316);
}

TEST_CASE("what cannot be read is refused with the reason that is true", "[shared]") {
    CHECK_THAT(refusal("rohitkr8527__tensorflow-subclassing-api/cifar10_model.keras"),
               Contains("a model of class `CIFAR10Model` is code, not layers"));
    CHECK_THAT(refusal("98mprice__mario-level-generator/model.keras"),
               Contains("there is no layer class `LSTM`"));
}
