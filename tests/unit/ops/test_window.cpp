#include <catch2/catch.hpp>

#include "lamina/plugin/owned_node.hpp"
#include "lamina/plugin/window.hpp"

using namespace lamina::plugin;

namespace {

struct Case {
    const char* op = "conv";
    std::vector<Dims> inputs{};
    Dims strides{}, low{}, high{}, dilations{};
    int64_t groups = 1;
    std::string data_format = "channels_last";

    std::unique_ptr<OwnedNode> node() const {
        std::vector<OperandType> operands;
        for (const Dims& dims : inputs)
            operands.push_back({{LM_F32, dims}});
        return std::make_unique<OwnedNode>(
            op, "node", "", operands, std::vector<OperandType>{},
            std::vector<std::pair<std::string, Attr::Data>>{{"strides", strides},
                                                            {"padding_low", low},
                                                            {"padding_high", high},
                                                            {"dilations", dilations},
                                                            {"groups", groups},
                                                            {"data_format", data_format},
                                                            {"window", Dims{3, 2}}});
    }
    ConvParams conv() const { return ConvParams::of(Node(&node()->desc())); }
};

} // namespace

TEST_CASE("window: same padding gives ceil(in / stride) windows and puts the odd pixel after") {
    CHECK(same_padding(28, 1, 5) == std::pair<int64_t, int64_t>{2, 2});
    CHECK(same_padding(28, 2, 3) == std::pair<int64_t, int64_t>{0, 1});
    CHECK(same_padding(5, 1, 2) == std::pair<int64_t, int64_t>{0, 1});
    CHECK(same_padding(4, 3, 1) == std::pair<int64_t, int64_t>{0, 0}); // windows skip pixels
    for (int64_t in = 1; in < 12; ++in)
        for (int64_t stride = 1; stride < 5; ++stride)
            for (int64_t window = 1; window < 6; ++window) {
                const auto [low, high] = same_padding(in, stride, window);
                CHECK(output_extent(in, low, high, window, stride) == (in + stride - 1) / stride);
            }
}

TEST_CASE("window: an output position exists for every window that fits") {
    CHECK(output_extent(7, 0, 0, 3, 1) == 5);
    CHECK(output_extent(7, 0, 0, 3, 2) == 3);
    CHECK(output_extent(8, 0, 0, 3, 2) == 3); // the last pixel is left over
    CHECK(output_extent(2, 0, 0, 3, 1) == 0);
    CHECK(output_extent(2, 1, 0, 3, 4) == 1);
}

TEST_CASE("window: missing leading dimensions are 1 with stride 1 and no padding") {
    const ConvParams p = Case{
        .inputs = {{2, 9, 6}, {3, 6, 4}},
        .strides = {2},
        .low = {1},
        .high = {1},
        .dilations = {2}}.conv();
    CHECK(p.rank == 1);
    CHECK(p.in == Spatial{1, 1, 9});
    CHECK(p.window == Spatial{1, 1, 3});
    CHECK(p.strides == Spatial{1, 1, 2});
    CHECK(p.low == Spatial{0, 0, 1});
    CHECK(p.dilations == Spatial{1, 1, 2});
    CHECK(p.out == Spatial{1, 1, 4});
    CHECK(p.y_shape() == Dims{2, 4, 4});
    CHECK(p.filter_shape() == Dims{3, 6, 4});
}

TEST_CASE("window: activation strides address both data formats") {
    Case c{.inputs = {{2, 5, 7, 3}, {1, 1, 3, 4}}};
    const ActivationStrides last = c.conv().x_strides();
    CHECK(last(1, 2, 0, 3, 4) == ((1 * 5 + 3) * 7 + 4) * 3 + 2);
    c.inputs[0] = {2, 3, 5, 7};
    c.data_format = "channels_first";
    const ConvParams p = c.conv();
    CHECK(p.x_strides()(1, 2, 0, 3, 4) == ((1 * 3 + 2) * 5 + 3) * 7 + 4);
    CHECK(p.y_shape() == Dims{2, 4, 5, 7});
    CHECK(p.pointwise());
}

TEST_CASE("window: a convolution's work counts two operations a product") {
    const ConvParams p = Case{.inputs = {{2, 6, 6, 8}, {3, 3, 2, 12}}, .groups = 4}.conv();
    CHECK(p.flops() == 2.0 * 2 * 4 * 4 * 12 * 3 * 3 * 2);
    CHECK(p.c_group() == 2);
    CHECK(p.k_group() == 3);
    CHECK_FALSE(p.depthwise());
}

TEST_CASE("window: a pool's windows leave padding out") {
    const auto node = Case{
        .op = "max_pool",
        .inputs = {{1, 5, 5, 1}},
        .strides = {2, 2},
        .low = {1, 0},
        .high = {1, 1}}.node();
    const PoolParams p = PoolParams::of(Node(&node->desc()));
    CHECK(p.out == Spatial{1, 3, 3});
    CHECK(p.inside(1, 0) == std::pair<int64_t, int64_t>{0, 2});
    CHECK(p.inside(1, 1) == std::pair<int64_t, int64_t>{1, 4});
    CHECK(p.inside(1, 2) == std::pair<int64_t, int64_t>{3, 5});
    CHECK(p.inside(2, 2) == std::pair<int64_t, int64_t>{4, 5});
}
