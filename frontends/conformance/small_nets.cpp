#include "nets.hpp"

namespace lamina::conformance {

namespace {

Config dense(int units, const char* activation) {
    return {{"units", units}, {"activation", activation}};
}

Model perceptron() {
    Model m({13}, "perceptron");
    return std::move(m.add("Dense", dense(17, "tanh"))
                         .add("Dense", dense(11, "sigmoid"))
                         .add("Dense", dense(5, "softmax")));
}

Model normalised() {
    Model m({9, 7, 3}, "normalised");
    // Without a bias: its gradient behind a normalisation is 0, of which rounding alone would be
    // left.
    return std::move(
        m.add("Conv2D",
              {{"filters", 5}, {"kernel_size", 3}, {"padding", "same"}, {"use_bias", false}})
            .add("BatchNormalization", {{"momentum", 0.7}})
            .add("Activation", {{"activation", "relu"}})
            .add("MaxPooling2D", {{"pool_size", 2}, {"padding", "same"}})
            .add("Flatten")
            .add("Dense", dense(4, "softmax")));
}

Model channels_first() {
    Model m({3, 8, 9}, "channels_first");
    return std::move(m.add("Conv2D", {{"filters", 6},
                                      {"kernel_size", 3},
                                      {"strides", 2},
                                      {"data_format", "channels_first"},
                                      {"activation", "tanh"}})
                         .add("BatchNormalization", {{"axis", 1}, {"momentum", 0.7}})
                         .add("AveragePooling2D", {{"pool_size", 2},
                                                   {"strides", 1},
                                                   {"padding", "same"},
                                                   {"data_format", "channels_first"}})
                         .add("Flatten")
                         .add("Dense", dense(3, "softmax")));
}

Model separable() {
    Model m({7, 8, 4}, "separable");
    return std::move(m.add("DepthwiseConv2D", {{"kernel_size", 3}, {"padding", "same"}})
                         .add("SeparableConv2D", {{"filters", 7}, {"kernel_size", 3}})
                         .add("LeakyReLU")
                         .add("GlobalAveragePooling2D")
                         .add("Dropout", {{"rate", 0.25}})
                         .add("Dense", dense(3, "softmax")));
}

Model sequence() {
    Model m({31, 3}, "sequence");
    return std::move(m.add("Conv1D", {{"filters", 5}, {"kernel_size", 4}, {"activation", "elu"}})
                         .add("MaxPooling1D")
                         .add("Conv1D", {{"filters", 7}, {"kernel_size", 3}, {"dilation_rate", 2}})
                         .add("PReLU")
                         .add("GlobalMaxPooling1D")
                         .add("Dense", dense(4, "softmax")));
}

Model volume() {
    Model m({5, 6, 4, 2}, "volume");
    return std::move(
        m.add("Conv3D", {{"filters", 4}, {"kernel_size", 2}, {"activation", "softplus"}})
            .add("AveragePooling3D")
            .add("Flatten")
            .add("Dense", dense(3, "softmax")));
}

Model decoder() {
    Model m({4, 5, 3}, "decoder");
    return std::move(m.add("Conv2DTranspose", {{"filters", 4}, {"kernel_size", 3}, {"strides", 2}})
                         .add("Activation", {{"activation", "swish"}})
                         .add("UpSampling2D", {{"size", 2}, {"interpolation", "bilinear"}})
                         .add("GlobalAveragePooling2D")
                         .add("Dense", dense(3, "softmax")));
}

} // namespace

const std::vector<Net>& small_nets() {
    static const std::vector<Net> nets{
        {"perceptron", perceptron, {7}},
        {"normalised", normalised, {5}},
        {"channels_first", channels_first, {3}},
        {"separable", separable, {4}},
        {"sequence", sequence, {6}},
        {"volume", volume, {3}},
        {"decoder", decoder, {2}},
    };
    return nets;
}

} // namespace lamina::conformance
