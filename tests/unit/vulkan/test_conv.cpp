// Convolutions: every pass, by every algorithm, on odd sizes.

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>

#include "operators.hpp"

using namespace lamina::test;
using lamina::plugin::Dims;

namespace {

struct ConvCase {
    int64_t n, c, k, groups;
    Dims in, out, window, strides, low, high, dilations;
    bool last;
};

/// The three passes on small integers.
std::array<NodeSpec, 3> conv_passes(const ConvCase& t) {
    const Dims x = activation(t.n, t.c, t.in, t.last), y = activation(t.n, t.k, t.out, t.last);
    Dims filter = t.window;
    filter.insert(filter.end(), {t.c / t.groups, t.k});
    const Attrs attrs{{"strides", t.strides},
                      {"padding_low", t.low},
                      {"padding_high", t.high},
                      {"dilations", t.dilations},
                      {"groups", t.groups},
                      {"data_format", std::string(t.last ? "channels_last" : "channels_first")},
                      {"epilogue", std::string()}};
    Attrs data = attrs, weights = attrs;
    data.emplace_back("input_shape", x);
    weights.emplace_back("filter_shape", filter);
    const Tensor xt = random_tensor(x, 3, Fill::integers),
                 ft = random_tensor(filter, 4, Fill::integers),
                 yt = random_tensor(y, 5, Fill::integers);
    return {NodeSpec{"conv", attrs, {xt, ft}, {{LM_F32, y}}},
            NodeSpec{"conv_backward_data", data, {yt, ft}, {{LM_F32, x}}},
            NodeSpec{"conv_backward_filter", weights, {xt, yt}, {{LM_F32, filter}}}};
}

void expect_conv_passes(const ConvCase& t) {
    for (const NodeSpec& pass : conv_passes(t))
        expect_same(pass, 0);
}

void expect_fft_passes(const ConvCase& t) {
    if (!vulkan().available() || !reference().available())
        return;
    for (const NodeSpec& pass : conv_passes(t)) {
        const auto expected = reference().run(pass);
        for (BackendUnderTest* device : {&vulkan(), &least_vulkan()})
            expect_same_by(*device, "fft", pass, expected, 0);
    }
}

} // namespace

TEST_CASE("conv: all three passes are exact on integers, in one to three dimensions") {
    for (const bool last : {true, false}) {
        expect_conv_passes(
            {2, 3, 5, 1, {9, 7}, {9, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, last});
        expect_conv_passes(
            {3, 1, 20, 1, {11, 13}, {11, 13}, {5, 5}, {1, 1}, {2, 2}, {2, 2}, {1, 1}, last});
        expect_conv_passes(
            {1, 4, 6, 2, {10, 11}, {5, 4}, {3, 2}, {2, 3}, {1, 0}, {0, 1}, {1, 1}, last});
        expect_conv_passes(
            {2, 6, 6, 6, {8, 8}, {8, 8}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, last});
        expect_conv_passes({2, 3, 4, 1, {17}, {13}, {3}, {1}, {0}, {0}, {2}, last});
        expect_conv_passes({1,
                            2,
                            3,
                            1,
                            {5, 6, 4},
                            {3, 3, 2},
                            {2, 3, 2},
                            {2, 2, 2},
                            {1, 1, 0},
                            {0, 0, 0},
                            {1, 1, 1},
                            last});
    }
}

TEST_CASE("conv: channels in aligned fours, one group or several") {
    for (const bool last : {true, false}) {
        expect_conv_passes(
            {2, 8, 12, 1, {9, 7}, {9, 7}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, last});
        expect_conv_passes(
            {1, 16, 24, 2, {9, 12}, {5, 4}, {3, 3}, {2, 3}, {1, 0}, {1, 0}, {1, 1}, last});
    }
}

TEST_CASE("conv: a long sum is split and joined exactly") {
    expect_conv_passes(
        {32, 1, 3, 1, {28, 28}, {28, 28}, {5, 5}, {1, 1}, {2, 2}, {2, 2}, {1, 1}, true});
    for (const bool last : {true, false})
        expect_conv_passes(
            {1, 160, 170, 1, {3, 2}, {3, 2}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, last});
}

TEST_CASE("conv: depthwise, with several filters a channel, strides and dilation") {
    for (const bool last : {true, false}) {
        expect_conv_passes(
            {2, 8, 8, 8, {9, 11}, {5, 6}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, last});
        expect_conv_passes(
            {2, 3, 9, 3, {9, 11}, {7, 7}, {3, 3}, {1, 1}, {1, 0}, {1, 0}, {2, 2}, last});
        expect_conv_passes(
            {33, 5, 5, 5, {13, 12}, {13, 12}, {5, 4}, {1, 1}, {2, 1}, {2, 2}, {1, 1}, last});
    }
}

TEST_CASE("conv: 3 x 3 windows with every padding") {
    for (const bool last : {true, false}) {
        expect_conv_passes(
            {3, 5, 6, 1, {13, 6}, {14, 8}, {3, 3}, {1, 1}, {1, 2}, {2, 2}, {1, 1}, last});
        expect_conv_passes(
            {1, 4, 8, 1, {8, 11}, {6, 9}, {3, 3}, {1, 1}, {0, 0}, {0, 0}, {1, 1}, last});
        expect_conv_passes(
            {1, 3, 2, 1, {4, 5}, {6, 7}, {3, 3}, {1, 1}, {3, 4}, {1, 0}, {1, 1}, last});
    }
}

TEST_CASE("conv: Winograd's tiles are made in chunks where they would take more than 64 MiB") {
    if (!vulkan().available() || !reference().available())
        return;
    for (const NodeSpec& pass : conv_passes(
             {1, 1, 64, 1, {341, 337}, {341, 337}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, true}))
        expect_same_by(vulkan(), "winograd_f4x3", pass, reference().run(pass), 0);
}

TEST_CASE("conv: by FFT, windows of 5 to 31 with every padding, in one to three dimensions") {
    for (const bool last : {true, false})
        expect_fft_passes(
            {2, 3, 5, 1, {37, 29}, {37, 29}, {7, 7}, {1, 1}, {3, 3}, {3, 3}, {1, 1}, last});
    expect_fft_passes(
        {1, 4, 2, 1, {41, 33}, {41, 33}, {31, 31}, {1, 1}, {15, 15}, {15, 15}, {1, 1}, true});
    expect_fft_passes(
        {1, 1, 1, 1, {19, 64}, {16, 70}, {5, 11}, {1, 1}, {0, 12}, {1, 4}, {1, 1}, false});
    expect_fft_passes(
        {2, 2, 9, 1, {7, 60}, {9, 40}, {1, 21}, {1, 1}, {2, 0}, {0, 0}, {1, 1}, true});
    expect_fft_passes({2, 3, 4, 1, {301}, {303}, {15}, {1}, {9}, {7}, {1}, false});
    expect_fft_passes({1, 2, 1, 1, {300}, {140}, {161}, {1}, {0}, {0}, {1}, true});
    expect_fft_passes({1,
                       2,
                       3,
                       1,
                       {9, 20, 14},
                       {9, 20, 14},
                       {5, 7, 5},
                       {1, 1, 1},
                       {2, 3, 2},
                       {2, 3, 2},
                       {1, 1, 1},
                       false});
}

TEST_CASE(
    "conv: FFT's tiles and filters are made in chunks where they would take more than 64 MiB") {
    if (!vulkan().available())
        return;
    const auto expect_the_same = [](const NodeSpec& pass) {
        expect_same_by(vulkan(), "fft", pass, vulkan().run(pass, "implicit_gemm"), 0);
    };
    // More tiles than have room, more pairs of channels, and both.
    for (const ConvCase& t :
         {ConvCase{
              1, 1, 2, 1, {1511, 1403}, {1511, 1403}, {5, 5}, {1, 1}, {2, 2}, {2, 2}, {1, 1}, true},
          ConvCase{1, 97, 95, 1, {33, 34}, {3, 4}, {31, 31}, {1, 1}, {0, 0}, {0, 0}, {1, 1}, true}})
        for (const NodeSpec& pass : conv_passes(t))
            expect_the_same(pass);
    expect_the_same(conv_passes(
        {23, 97, 95, 1, {62, 33}, {62, 3}, {1, 31}, {1, 1}, {0, 0}, {0, 0}, {1, 1}, false})[0]);
}

TEST_CASE("conv: FFT takes large windows of stride and dilation 1 and one group") {
    if (!vulkan().available())
        return;
    const auto takes = [](const ConvCase& t) {
        for (const NodeSpec& pass : conv_passes(t)) {
            const auto names = vulkan().candidates(pass);
            if (std::find(names.begin(), names.end(), "fft") == names.end())
                return false;
        }
        return true;
    };
    CHECK(takes({1, 2, 2, 1, {40, 40}, {36, 36}, {5, 5}, {1, 1}, {0, 0}, {0, 0}, {1, 1}, true}));
    CHECK_FALSE(
        takes({1, 2, 2, 1, {40, 40}, {37, 37}, {4, 4}, {1, 1}, {0, 0}, {0, 0}, {1, 1}, true}));
    CHECK_FALSE(
        takes({1, 2, 2, 1, {40, 41}, {18, 19}, {5, 5}, {2, 2}, {0, 0}, {0, 0}, {1, 1}, true}));
    CHECK_FALSE(
        takes({1, 2, 2, 1, {40, 40}, {32, 32}, {5, 5}, {1, 1}, {0, 0}, {0, 0}, {2, 2}, true}));
    CHECK_FALSE(
        takes({1, 2, 2, 2, {40, 40}, {36, 36}, {5, 5}, {1, 1}, {0, 0}, {0, 0}, {1, 1}, true}));
    CHECK_FALSE(takes({1, 1, 1, 1, {300}, {44}, {257}, {1}, {0}, {0}, {1}, true}));
}

TEST_CASE(
    "conv: a device that shares at no gain prefers what shares nothing; others are not asked") {
    if (!vulkan().available())
        return;
    const ConvCase odd{2, 5, 7, 1, {13, 11}, {7, 6}, {3, 3}, {2, 2}, {1, 1}, {1, 1}, {1, 1}, true};
    const auto place = [](const std::vector<std::string>& names, const char* name) {
        return std::find(names.begin(), names.end(), name) - names.begin();
    };
    for (const NodeSpec& pass : conv_passes(odd)) {
        const auto least = least_vulkan().candidates(pass), here = vulkan().candidates(pass);
        CHECK(place(least, "unshared_gemm") == std::ssize(least));
        CHECK(place(least, "implicit_gemm") < std::ssize(least));
        if (place(here, "unshared_gemm") < std::ssize(here)) // a software device
            CHECK(place(here, "unshared_gemm") < place(here, "implicit_gemm"));
    }
}

TEST_CASE("conv: bias and relu ride on the convolution") {
    for (const bool last : {true, false})
        for (const int64_t window : {3, 5}) {
            const Tensor bias = last ? random_tensor({7}, 8) : random_tensor({7, 1, 1}, 8);
            expect_same({"conv",
                         {{"strides", Dims{1, 1}},
                          {"padding_low", Dims{window / 2, window / 2}},
                          {"padding_high", Dims{window / 2, window / 2}},
                          {"dilations", Dims{1, 1}},
                          {"groups", int64_t{1}},
                          {"data_format", std::string(last ? "channels_last" : "channels_first")},
                          {"epilogue", std::string("add i0 i1;relu t0")}},
                         {random_tensor(activation(2, 5, {6, 9}, last), 6),
                          random_tensor({window, window, 5, 7}, 7), bias},
                         {{LM_F32, activation(2, 7, {6, 9}, last)}}},
                        2e-6);
        }
}
