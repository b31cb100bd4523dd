#include <filesystem>
#include <fstream>

#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "nets.hpp"

namespace lamina::conformance {

namespace {

using Json = nlohmann::json;

Config conv(int filters, int size, const char* padding = "valid") {
    return {
        {"filters", filters}, {"kernel_size", size}, {"padding", padding}, {"activation", "relu"}};
}
Config dense(int units, const char* activation) {
    return {{"units", units}, {"activation", activation}};
}
Config dropout(double rate) { return {{"rate", rate}}; }

Model lenet() { return Model::zoo("lenet"); }

/// The simple net of the Keras CIFAR-10 example.
Model cifar10_simple() {
    Model m({32, 32, 3}, "cifar10_simple");
    return std::move(m.add("Conv2D", conv(32, 3, "same"))
                         .add("MaxPooling2D")
                         .add("Dropout", dropout(0.25))
                         .add("Flatten")
                         .add("Dense", dense(512, "relu"))
                         .add("Dropout", dropout(0.5))
                         .add("Dense", dense(10, "softmax")));
}

/// The deeper one.
Model cifar10_deep() {
    Model m({32, 32, 3}, "cifar10_deep");
    return std::move(m.add("Conv2D", conv(32, 3, "same"))
                         .add("Conv2D", conv(32, 3, "same"))
                         .add("MaxPooling2D")
                         .add("Dropout", dropout(0.25))
                         .add("Conv2D", conv(64, 3, "same"))
                         .add("Conv2D", conv(64, 3))
                         .add("MaxPooling2D")
                         .add("Dropout", dropout(0.25))
                         .add("Flatten")
                         .add("Dense", dense(512, "relu"))
                         .add("Dropout", dropout(0.5))
                         .add("Dense", dense(10, "softmax")));
}

/// VGG16's thirteen convolutions and three dense layers (Simonyan and Zisserman, 2015), an eighth
/// of its channels, 32x32 pixels.
Model vgg16_eighth() {
    Model m({32, 32, 3}, "vgg16_eighth");
    const auto block = [&](int convolutions, int filters) {
        for (int i = 0; i < convolutions; ++i)
            m.add("Conv2D", conv(filters, 3, "same"));
        m.add("MaxPooling2D");
    };
    block(2, 8);
    block(2, 16);
    block(3, 32);
    block(3, 64);
    block(3, 64);
    return std::move(m.add("Flatten")
                         .add("Dense", dense(64, "relu"))
                         .add("Dense", dense(64, "relu"))
                         .add("Dense", dense(10, "softmax")));
}

/// A net with branches, in the architecture JSON of Keras.
class Functional {
  public:
    using Name = std::string;

    explicit Functional(const std::string& name) : name_(name) {}

    Name input(const std::vector<int64_t>& shape) {
        Json batch_shape = {nullptr};
        for (const int64_t d : shape)
            batch_shape.push_back(d);
        return input_ = add("InputLayer", {{"batch_shape", batch_shape}}, {});
    }
    Name add(const std::string& class_name, Json config, const std::vector<Name>& inputs) {
        Name name = fmt::format("layer_{:03}", layers_.size());
        config["name"] = name;
        Json inbound = Json::array();
        for (const Name& input : inputs)
            inbound.push_back({input, 0, 0, Json::object()});
        layers_.push_back({{"class_name", class_name},
                           {"name", name},
                           {"config", config},
                           {"inbound_nodes", inputs.empty() ? Json::array() : Json{inbound}}});
        return name;
    }
    Model model(const Name& output) const {
        const Json config{{"name", name_},
                          {"layers", layers_},
                          {"input_layers", Json::array({{input_, 0, 0}})},
                          {"output_layers", Json::array({{output, 0, 0}})}};
        const auto file = std::filesystem::temp_directory_path() /
                          fmt::format("lamina-conformance-{}-{}.json", name_, getpid());
        std::ofstream(file) << Json{{"class_name", "Functional"}, {"config", config}};
        Model loaded = Model::load(file.string());
        std::filesystem::remove(file);
        return loaded;
    }

  private:
    std::string name_;
    Name input_;
    Json layers_ = Json::array();
};

/// InceptionV3 (Szegedy et al., 2016) as Keras has it: its stem and one of each kind of block, an
/// eighth of the channels, 75x75 pixels (the last blocks see one: the batch must be more than a
/// few).
class InceptionV3 {
  public:
    Model build() {
        Name x = net_.input({75, 75, 3});
        x = conv(x, 32, 3, 3, 2, "valid");
        x = conv(x, 32, 3, 3, 1, "valid");
        x = conv(x, 64, 3, 3);
        x = max_pool(x);
        x = conv(x, 80, 1, 1, 1, "valid");
        x = conv(x, 192, 3, 3, 1, "valid");
        x = max_pool(x);
        x = block_a(x);
        x = reduction_a(x);
        x = block_b(x);
        x = reduction_b(x);
        x = block_c(x);
        x = net_.add("GlobalAveragePooling2D", Json::object(), {x});
        return net_.model(net_.add("Dense", {{"units", 10}, {"activation", "softmax"}}, {x}));
    }

  private:
    using Name = Functional::Name;

    Name conv(const Name& x, int filters, int rows, int columns, int strides = 1,
              const char* padding = "same") {
        Name y = net_.add("Conv2D",
                          {{"filters", filters / 8},
                           {"kernel_size", {rows, columns}},
                           {"strides", strides},
                           {"padding", padding},
                           {"use_bias", false}},
                          {x});
        y = net_.add("BatchNormalization", {{"scale", false}}, {y});
        return net_.add("Activation", {{"activation", "relu"}}, {y});
    }
    Name max_pool(const Name& x) {
        return net_.add("MaxPooling2D", {{"pool_size", 3}, {"strides", 2}}, {x});
    }
    Name average_pool(const Name& x) {
        return net_.add("AveragePooling2D", {{"pool_size", 3}, {"strides", 1}, {"padding", "same"}},
                        {x});
    }
    Name concatenate(const std::vector<Name>& parts) {
        return net_.add("Concatenate", {{"axis", -1}}, parts);
    }
    Name block_a(const Name& x) {
        return concatenate({conv(x, 64, 1, 1), conv(conv(x, 48, 1, 1), 64, 5, 5),
                            conv(conv(conv(x, 64, 1, 1), 96, 3, 3), 96, 3, 3),
                            conv(average_pool(x), 32, 1, 1)});
    }
    Name reduction_a(const Name& x) {
        return concatenate({conv(x, 384, 3, 3, 2, "valid"),
                            conv(conv(conv(x, 64, 1, 1), 96, 3, 3), 96, 3, 3, 2, "valid"),
                            max_pool(x)});
    }
    Name block_b(const Name& x) {
        Name twice = conv(conv(conv(x, 128, 1, 1), 128, 7, 1), 128, 1, 7);
        twice = conv(conv(twice, 128, 7, 1), 192, 1, 7);
        return concatenate({conv(x, 192, 1, 1),
                            conv(conv(conv(x, 128, 1, 1), 128, 1, 7), 192, 7, 1), twice,
                            conv(average_pool(x), 192, 1, 1)});
    }
    Name reduction_b(const Name& x) {
        return concatenate(
            {conv(conv(x, 192, 1, 1), 320, 3, 3, 2, "valid"),
             conv(conv(conv(conv(x, 192, 1, 1), 192, 1, 7), 192, 7, 1), 192, 3, 3, 2, "valid"),
             max_pool(x)});
    }
    Name block_c(const Name& x) {
        const Name wide = conv(x, 384, 1, 1), deep = conv(conv(x, 448, 1, 1), 384, 3, 3);
        return concatenate({conv(x, 320, 1, 1),
                            concatenate({conv(wide, 384, 1, 3), conv(wide, 384, 3, 1)}),
                            concatenate({conv(deep, 384, 1, 3), conv(deep, 384, 3, 1)}),
                            conv(average_pool(x), 192, 1, 1)});
    }

    Functional net_{"inception_v3_eighth"};
};

Model inception_v3_eighth() { return InceptionV3().build(); }

} // namespace

const std::vector<Net>& known_nets() {
    static const std::vector<Net> nets{
        {"lenet", lenet, {1, 7}},
        {"cifar10_simple", cifar10_simple, {1, 3}},
        {"cifar10_deep", cifar10_deep, {1, 3}},
        {"vgg16_eighth", vgg16_eighth, {1, 3}},
        {"inception_v3_eighth", inception_v3_eighth, {5, 7}},
    };
    return nets;
}

} // namespace lamina::conformance
