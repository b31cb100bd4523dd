// Transfer learning: parts of models, frozen layers, features computed once, and what a net was
// trained to see.

#include <algorithm>

#include "lamina/feature_cache.hpp"
#include "lamina/preprocessing.hpp"
#include "model/layer_range.hpp"
#include "model/store.hpp"
#include "temp_folder.hpp"
#include "training.hpp"

using namespace lamina;

namespace {

std::vector<std::string> chosen(const std::string& text) {
    const Architecture lenet = build_zoo_model("lenet", Json::object());
    const LayerRange range(lenet, text);
    std::vector<std::string> names;
    for (size_t i = 0; i < lenet.layers.size(); ++i)
        if (range.has(i))
            names.push_back(lenet.layers[i].name);
    return names;
}

int64_t nodes(Model& model, const std::string& op) {
    const Graph graph = model.graph(Mode::Train, 8, true);
    return std::count_if(graph.nodes().begin(), graph.nodes().end(),
                         [&](const Node& n) { return n.op == op; });
}

Model frozen_lenet() {
    Model model = Model::zoo("lenet");
    model.initialize(3);
    model.set_trainable("dense:");
    model.compile({});
    return model;
}

/// The first digits as the model sees them.
Tensor seen_digits(int64_t count) {
    Tensor x = Tensor::uninitialized(DType::F32, {count, 28, 28, 1});
    std::vector<uint8_t> digit(784);
    for (int64_t i = 0; i < count; ++i) {
        test::digits()->read(Split::Train, i, digit.data());
        std::ranges::transform(digit, x.data<float>().begin() + i * 784,
                               [](uint8_t v) { return static_cast<float>(v) / 255.0f; });
    }
    return x;
}

/// Four pictures of 5 x 6 pixels in memory, of bytes, as a data set.
std::shared_ptr<Dataset> pictures() {
    Dataset::InMemory part{Tensor::uninitialized(DType::U8, {4, 5, 6, 3}),
                           Tensor::zeros(DType::I64, {4})};
    const auto bytes = part.x.data<uint8_t>();
    for (size_t i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<uint8_t>(i * 37 % 256);
    part.y.data<int64_t>()[2] = 1;
    return Dataset::of("pictures", part, part, 2);
}

} // namespace

TEST_CASE("layers are chosen by name, by index and by ranges of both") {
    CHECK(chosen("all").size() == 8);
    CHECK(chosen("none").empty());
    CHECK(chosen("dense") == std::vector<std::string>{"dense"});
    CHECK(chosen("dense:") == std::vector<std::string>{"dense", "dense_1"});
    CHECK(chosen(":conv2d") == std::vector<std::string>{"input_layer"});
    CHECK(chosen("6:") == std::vector<std::string>{"dense", "dense_1"});
    CHECK(chosen("-1") == std::vector<std::string>{"dense_1"});
    CHECK(chosen("1:2, dense_1") == std::vector<std::string>{"conv2d", "dense_1"});
    CHECK_THROWS_WITH(chosen("dens"), Catch::Contains("the nearest name is `dense`"));
    CHECK_THROWS_WITH(chosen("8:"), Catch::Contains("8 layers, and none of index 8"));
    CHECK_THROWS_WITH(chosen("dense:conv2d"), Catch::Contains("there is none"));
}

TEST_CASE("what is frozen costs no gradient, no slot and no update") {
    Model all = Model::zoo("lenet");
    all.compile({});
    CHECK(nodes(all, "conv_backward_filter") == 2);
    CHECK(nodes(all, "conv_backward_data") == 1);
    Model some = frozen_lenet();
    CHECK(nodes(some, "conv_backward_filter") == 0);
    CHECK(nodes(some, "conv_backward_data") == 0);
    CHECK(nodes(some, "max_pool_grad") == 0);
    const auto slots = [](Model& model) {
        return model.planned_memory(Mode::Train, 8).optimizer_slots;
    };
    // Adam has two slots a weight.
    CHECK(slots(all) - slots(some) == 2 * 4 * (520 + 25'050));
}

TEST_CASE("frozen layers keep their weights while the others learn") {
    Model model = frozen_lenet();
    const Tensor frozen = model.variable("conv2d/kernel").clone(),
                 moving = model.variable("dense/kernel").clone();
    FitOptions fit;
    fit.batch_size = 50;
    fit.train_limit = 100;
    model.fit(test::digits(), fit);
    const auto same = [](const Tensor& a, const Tensor& b) {
        return std::ranges::equal(a.raw_bytes(), b.raw_bytes());
    };
    CHECK(same(model.variable("conv2d/kernel"), frozen));
    CHECK_FALSE(same(model.variable("dense/kernel"), moving));
}

TEST_CASE("a model cut in two computes what the whole one does") {
    Model whole = Model::zoo("lenet");
    whole.initialize(5);
    const Tensor x = seen_digits(3);
    const Tensor y = whole.predict(x);
    const Tensor middle = whole.up_to({"max_pooling2d_1"}).predict(x);
    CHECK(middle.shape() == Shape{3, 7, 7, 50});
    const Tensor end = whole.behind("max_pooling2d_1").predict(middle);
    CHECK(std::ranges::equal(end.raw_bytes(), y.raw_bytes()));
    CHECK_THROWS_WITH(whole.up_to({"max_pool"}), Catch::Contains("has no layer `max_pool`"));
    CHECK_THROWS_WITH(Model::zoo("resnet50").behind("conv2_block1_2_relu"),
                      Catch::Contains("reads what lies before"));
}

TEST_CASE(
    "learning from features that were computed once gives the bits of learning from pictures") {
    const TempFolder folder;
    const auto data = test::digits();
    FitOptions fit;
    fit.batch_size = 64;
    fit.train_limit = 256;
    fit.epochs = 2;

    Model direct = frozen_lenet();
    direct.fit(data, fit);

    Model cached = frozen_lenet();
    Model base = cached.up_to({"flatten"});
    int64_t computed = 0;
    const auto count = [&](int64_t done, int64_t) {
        computed = done;
        return true;
    };
    features_of(base, data, 64, folder.path(), count);
    CHECK(computed == 7000);
    computed = 0;
    const auto features = features_of(base, data, 64, folder.path(), count);
    CHECK(computed == 0); // read from the folder
    CHECK(features->sample().shape == Shape{2450});
    Model head = cached.behind("flatten");
    head.compile({});
    head.fit(features, fit);
    for (const char* weight : {"dense/kernel", "dense_1/bias"}) {
        INFO(weight);
        CHECK(std::ranges::equal(head.variable(weight).raw_bytes(),
                                 direct.variable(weight).raw_bytes()));
    }
}

TEST_CASE("a saved model knows how pixels become its input") {
    const TempFolder folder;
    for (const char* name : {"net.h5", "net.keras"}) {
        INFO(name);
        Model model({5, 6, 3});
        model.add("Flatten").add("Dense", {{"units", 3}});
        model.set_preprocessing("caffe");
        model.save(folder / name);
        CHECK(Model::load(folder / name).preprocessing() == "caffe");
    }
}

TEST_CASE("a model has the names of its kind's classes as long as it has as many") {
    CHECK(Model::zoo("squeezenet:input_shape=64x64x3").class_names().at(820) == "steam_locomotive");
    CHECK(Model::zoo("squeezenet:input_shape=64x64x3,classes=7").class_names().empty());
}

TEST_CASE("a damaged list of class names is an error of ours") {
    const TempFolder folder;
    const std::string path = (folder / "net.h5").string();
    Model model({5, 6, 3});
    model.add("Flatten").add("Dense", {{"units", 3}});
    model.save(path);
    lm_store store = read_store(path);
    for (const char* list : {"[1, 2, 3]", "{\"a\": 1}", "[\"cat\"", "7"}) {
        INFO(list);
        store.texts["lamina_class_names"] = list;
        write_store(path, store);
        CHECK_THROWS_AS(Model::load(path), Error);
    }
    store.texts["lamina_class_names"] = R"(["cat", "dog", "eel"])";
    write_store(path, store);
    CHECK(Model::load(path).class_names() == std::vector<std::string>{"cat", "dog", "eel"});
}

TEST_CASE("weights bring their classes' names, and a net of the zoo has no others") {
    const TempFolder folder;
    const std::string path = (folder / "net.h5").string();
    const char* net = "squeezenet:input_shape=64x64x3,classes=3";
    Model::zoo(net).save(path);
    lm_store store = read_store(path);
    CHECK_FALSE(store.texts.contains("lamina_class_names"));
    store.texts["lamina_class_names"] = R"(["cat", "dog", "eel"])";
    write_store(path, store);
    Model model = Model::zoo(net);
    model.load_weights(path);
    CHECK(model.class_names() == std::vector<std::string>{"cat", "dog", "eel"});
}

TEST_CASE("features of other weights are computed anew") {
    const TempFolder folder;
    const auto data = pictures();
    int64_t computed = 0;
    for (const uint64_t seed : {1, 2, 1}) {
        Model model({5, 6, 3});
        model.add("Flatten").add("Dense", {{"units", 3}});
        model.initialize(seed);
        features_of(model, data, 4, folder.path(), [&](int64_t, int64_t) {
            ++computed;
            return true;
        });
    }
    CHECK(computed == 4); // two splits, twice
}

TEST_CASE(
    "pixels become what Keras's preprocess_input makes of them, on the host and on the device") {
    const float pixel[] = {0, 100, 255};
    struct Expected {
        const char* name;
        float values[3];
    };
    for (const Expected& e : {Expected{"raw", {0, 100, 255}},
                              {"unit", {0, 100 / 255.0f, 1}},
                              {"tf", {-1, -0.21568627f, 1}},
                              {"caffe", {151.061f, -16.779f, -123.68f}},
                              {"torch", {-2.1179039f, -0.28501397f, 2.64f}}}) {
        INFO(e.name);
        std::vector<float> x(pixel, pixel + 3);
        preprocess(x, 3, parse_preprocessing(e.name));
        for (size_t i = 0; i < 3; ++i)
            CHECK(x[i] == Approx(e.values[i]).margin(1e-5));

        const auto data = pictures();
        Model model({5, 6, 3});
        model.add("ReLU", {{"negative_slope", 1.0}}); // gives what it gets
        model.set_preprocessing(e.name);
        Tensor bytes = Tensor::uninitialized(DType::U8, {1, 5, 6, 3});
        data->read(Split::Train, 1, bytes.raw());
        const Tensor y = model.predict_samples(bytes, *data);
        std::vector<float> host(bytes.data<uint8_t>().begin(), bytes.data<uint8_t>().end());
        preprocess(host, 3, parse_preprocessing(e.name));
        for (size_t i = 0; i < host.size(); ++i)
            CHECK(y.data<float>()[i] == Approx(host[i]).margin(1e-4));
    }
    CHECK_THROWS_WITH(parse_preprocessing("cafe"), Catch::Contains("did you mean `caffe`"));
    std::vector<float> grey(4);
    CHECK_THROWS_WITH(preprocess(grey, 1, Preprocessing::Caffe), Catch::Contains("3 channels"));
}
