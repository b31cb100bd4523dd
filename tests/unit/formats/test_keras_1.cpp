/// Architectures and weights of real Keras 1.2.2 (tests/parity/keras_1_files.py), and what of its
/// words has no meaning any more.
#include "golden.hpp"
#include "lamina/error.hpp"
#include "lamina/model.hpp"
#include "model/keras_json.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;

namespace {

const std::string kKeras = std::string(LAMINA_TEST_DATA_DIR) + "/keras/";

std::vector<Tensor> numbered(const Golden& golden, const char* prefix) {
    std::vector<Tensor> out;
    for (int i = 0; golden.has(prefix + std::to_string(i)); ++i)
        out.push_back(golden[prefix + std::to_string(i)]);
    return out;
}

void check_predictions(Model& model, const Golden& golden, const std::string& file) {
    const auto expected = numbered(golden, "y");
    const auto y = model.predict(numbered(golden, "x"));
    REQUIRE(y.size() == expected.size());
    for (size_t i = 0; i < y.size(); ++i)
        check_close(y[i], expected[i], file, 1e-5);
}

Json layer_of(const std::string& class_name, const Json& config) {
    const Json model = {{"class_name", "Sequential"},
                        {"config", Json::array({{{"class_name", class_name}, {"config", config}}})},
                        {"keras_version", "1.2.2"}};
    const Architecture a = architecture_from_json(model.dump(), "old.json");
    return {{"class_name", a.layers.back().class_name}, {"config", a.layers.back().config}};
}

} // namespace

TEST_CASE("Keras 1: its architectures and weights predict what it predicted, by either order of "
          "axes") {
    for (const Golden& golden : read_goldens("keras_1_files")) {
        INFO(golden.name());
        const std::string folder = kKeras + golden.info.at("folder").get<std::string>() + "/";
        const WeightOptions theano{.backend = SourceBackend::Theano}; // which no file of it states
        Model parts = Model::load(folder + "architecture.json", folder + "weights.h5", theano);
        check_predictions(parts, golden, golden.name() + " in parts");
        Model whole = Model::load(folder + "model.h5", "", theano);
        check_predictions(whole, golden, golden.name() + " whole");
        int64_t parameters = 0;
        for (const LayerSummary& layer : parts.summary())
            parameters += layer.parameters;
        CHECK(parameters == golden.info.at("parameters").get<int64_t>());
        CHECK(!parts.weight_report().by_position);
    }
}

TEST_CASE("Keras 1: kernels are not turned round unless Theano is named") {
    const Golden golden = read_goldens("keras_1_files").at(0);
    Model model = Model::load(kKeras + golden.info.at("folder").get<std::string>() + "/model.h5");
    CHECK(difference(model.predict(golden["x0"]), golden["y0"]).worst > 1e-3);
}

TEST_CASE("Keras 1: initializers, regularizers and constraints keep their meaning") {
    const Json layer = layer_of(
        "Dense", {{"name", "d"},
                  {"output_dim", 3},
                  {"batch_input_shape", {nullptr, 4}},
                  {"init", "normal"},
                  {"bias", false},
                  {"W_regularizer", {{"name", "WeightRegularizer"}, {"l1", 0.0}, {"l2", 0.5}}},
                  {"activity_regularizer", nullptr},
                  {"W_constraint", {{"name", "MaxNorm"}, {"m", 2}, {"axis", 0}}}});
    const Json& config = layer.at("config");
    CHECK(config.at("units") == 3);
    CHECK(config.at("use_bias") == false);
    CHECK(config.at("kernel_initializer").at("config").at("stddev") == 0.05);
    CHECK(config.at("kernel_regularizer") ==
          Json{{"class_name", "L1L2"}, {"config", {{"l1", 0.0}, {"l2", 0.5}}}});
    CHECK(config.at("kernel_constraint").at("class_name") == "MaxNorm"); // which building refuses
    CHECK(layer_of("ZeroPadding2D", {{"name", "z"},
                                     {"batch_input_shape", {nullptr, 4, 4, 1}},
                                     {"padding", {1, 2, 3, 4}},
                                     {"dim_ordering", "tf"}})
              .at("config")
              .at("padding") == Json{{1, 2}, {3, 4}});
}

TEST_CASE("Keras 1: a Sequential of before 1.0, whose layers have no class_name, is read") {
    const char* const json = R"({"name": "Sequential", "layers": [
        {"name": "Convolution2D", "custom_name": "conv", "input_shape": [1, 6, 6], "nb_filter": 2,
         "nb_row": 3, "nb_col": 3, "border_mode": "valid", "subsample": [1, 1],
         "dim_ordering": "th", "activation": "relu", "init": "glorot_uniform",
         "cache_enabled": true, "trainable": true, "W_regularizer": null},
        {"name": "Flatten", "custom_name": "flatten", "cache_enabled": true},
        {"name": "Dense", "custom_name": "dense", "output_dim": 3, "activation": "softmax"}],
        "loss": "mse", "optimizer": {"name": "SGD"}})";
    const Architecture a = architecture_from_json(json, "old.json");
    REQUIRE(a.layers.size() == 4);
    CHECK(a.layers[1].name == "conv");
    CHECK(a.layers[1].config.at("data_format") == "channels_first");
    CHECK(a.layers[3].config.at("units") == 3);
    CHECK_THROWS_WITH(architecture_from_json(R"({"name": "Graph", "nodes": {}})", "old.json"),
                      Contains("a model \"Graph\" of before Keras 1.0"));
}

TEST_CASE("Keras 1: what later ones do not have is refused by its name") {
    const Json shape = {nullptr, 4, 4, 1};
    CHECK_THROWS_WITH(
        layer_of("BatchNormalization", {{"name", "bn"}, {"batch_input_shape", shape}, {"mode", 2}}),
        Contains("layer `bn`: BatchNormalization of Keras 1's mode 2"));
    CHECK_THROWS_WITH(
        layer_of("Merge", {{"name", "m"}, {"batch_input_shape", shape}, {"mode", "cos"}}),
        Contains("layer `m`: Merge of mode `cos` cannot be read; sum, mul, ave, max and concat"));
    CHECK_THROWS_WITH(
        layer_of(
            "Merge",
            {{"name", "m"}, {"batch_input_shape", shape}, {"mode", "f"}, {"mode_type", "lambda"}}),
        Contains("the mode of this Merge is Python code"));
    CHECK_THROWS_WITH(layer_of("Deconvolution2D", {{"name", "d"},
                                                   {"batch_input_shape", shape},
                                                   {"nb_filter", 2},
                                                   {"nb_row", 3},
                                                   {"nb_col", 3},
                                                   {"subsample", {2, 2}},
                                                   {"dim_ordering", "tf"},
                                                   {"output_shape", {nullptr, 10, 9, 2}}}),
                      Contains("layer `d`: a Deconvolution2D of output_shape [null,10,9,2], where "
                               "Conv2DTranspose gives [null,9,9,2]"));
    CHECK_THROWS_WITH(layer_of("MaxoutDense", {{"name", "m"}, {"batch_input_shape", shape}}),
                      Contains("there is no layer class `MaxoutDense`"));
}

TEST_CASE("a layer that Keras 1 did not have may call its settings as it likes") {
    const Json layer = layer_of(
        "DepthwiseConv2D",
        {{"name", "own"}, {"batch_input_shape", {nullptr, 4, 4, 1}}, {"p", 3}, {"init", "normal"}});
    CHECK(layer.at("config").at("p") == 3);
    CHECK(layer.at("config").at("init") == "normal");
}
