/// Inception v3 (Szegedy et al. 2015), with the layers of keras.applications.
#include "imagenet.hpp"

namespace lamina::plugin {

namespace {

/// A convolution without bias, its batch normalisation without scale, relu.
struct Unit {
    int64_t filters, rows, columns;
    int64_t stride = 1;
    const char* padding = "same";
};

class InceptionV3 {
  public:
    explicit InceptionV3(Graph& graph) : graph_(graph) {}

    Value stem(Value x) const {
        x = through(x, {{32, 3, 3, 2, "valid"}, {32, 3, 3, 1, "valid"}, {64, 3, 3}});
        x = through(largest(x), {{80, 1, 1, 1, "valid"}, {192, 3, 3, 1, "valid"}});
        return largest(x);
    }

    /// 35 x 35. last: filters behind the pool.
    Value block_a(Value x, int64_t last) {
        return mixed({through(x, {{64, 1, 1}}), through(x, {{48, 1, 1}, {64, 5, 5}}),
                      through(x, {{64, 1, 1}, {96, 3, 3}, {96, 3, 3}}),
                      through(mean(x), {{last, 1, 1}})});
    }
    Value to_17(Value x) {
        return mixed({through(x, {{384, 3, 3, 2, "valid"}}),
                      through(x, {{64, 1, 1}, {96, 3, 3}, {96, 3, 3, 2, "valid"}}), largest(x)});
    }
    /// 17 x 17, windows of 7 in one direction at a time. c: filters on the way.
    Value block_b(Value x, int64_t c) {
        return mixed({through(x, {{192, 1, 1}}), through(x, {{c, 1, 1}, {c, 1, 7}, {192, 7, 1}}),
                      through(x, {{c, 1, 1}, {c, 7, 1}, {c, 1, 7}, {c, 7, 1}, {192, 1, 7}}),
                      through(mean(x), {{192, 1, 1}})});
    }
    Value to_8(Value x) {
        return mixed({through(x, {{192, 1, 1}, {320, 3, 3, 2, "valid"}}),
                      through(x, {{192, 1, 1}, {192, 1, 7}, {192, 7, 1}, {192, 3, 3, 2, "valid"}}),
                      largest(x)});
    }
    /// 8 x 8, with forks at the ends of two branches. fork: the name that one of them has.
    Value block_c(Value x, const std::string& fork) {
        const Value first = through(x, {{320, 1, 1}});
        const Value wide = through(x, {{384, 1, 1}});
        const Value wide_fork =
            concatenate(graph_, {through(wide, {{384, 1, 3}}), through(wide, {{384, 3, 1}})}, fork);
        const Value deep = through(x, {{448, 1, 1}, {384, 3, 3}});
        const Value deep_fork =
            concatenate(graph_, {through(deep, {{384, 1, 3}}), through(deep, {{384, 3, 1}})});
        return mixed({first, wide_fork, deep_fork, through(mean(x), {{192, 1, 1}})});
    }

  private:
    Value through(Value x, std::initializer_list<Unit> units) const {
        for (const Unit& u : units) {
            x = layer(graph_, "Conv2D",
                      json_object({{"filters", u.filters},
                                   {"kernel_size", Dims{u.rows, u.columns}},
                                   {"strides", Dims{u.stride, u.stride}},
                                   {"padding", u.padding},
                                   {"use_bias", false}}),
                      x);
            x = layer(graph_, "BatchNormalization", json_object({{"scale", false}}), x);
            x = activation(graph_, "relu", "", x);
        }
        return x;
    }
    Value largest(Value x) const { return named_pool(graph_, "MaxPooling2D", "", x, 3, 2); }
    Value mean(Value x) const {
        return named_pool(graph_, "AveragePooling2D", "", x, 3, 1, "same");
    }
    Value mixed(const Values& branches) {
        return concatenate(graph_, branches, "mixed" + std::to_string(blocks_++));
    }

    Graph& graph_;
    int blocks_ = 0;
};

} // namespace

static Value inception_v3(Graph& graph, const Config& config) {
    expect_picture(config, 75);
    InceptionV3 net(graph);
    Value x = net.stem(input(graph, config));
    for (const int64_t last : {32, 64, 64})
        x = net.block_a(x, last);
    x = net.to_17(x);
    for (const int64_t c : {128, 160, 160, 192})
        x = net.block_b(x, c);
    x = net.to_8(x);
    for (const char* fork : {"mixed9_0", "mixed9_1"})
        x = net.block_c(x, fork);
    if (!config.boolean("include_top"))
        return without_top(graph, config, x);
    return predictions(graph, config, layer(graph, "GlobalAveragePooling2D", "{}", x, "avg_pool"));
}

static constexpr auto inception_v3_schema =
    imagenet_schema("[299, 299, 3]", "tf",
                    R"({"imagenet": {"file": "inception_v3_weights_tf_dim_ordering_tf_kernels.h5"},
        "imagenet_notop": {"file": "inception_v3_weights_tf_dim_ordering_tf_kernels_notop.h5"}})");

LAMINA_MODEL(inception_v3, inception_v3_schema.text, "Inception v3, for ImageNet", inception_v3)

} // namespace lamina::plugin
