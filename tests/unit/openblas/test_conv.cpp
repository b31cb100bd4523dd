#include "lamina/plugin/window.hpp"
#include "openblas/compare.hpp"

using namespace lamina::test;
using lamina::plugin::ConvParams;
using lamina::plugin::Node;
using lamina::plugin::PoolParams;

namespace {

struct Geometry {
    Dims x, filter, strides, dilations, low, high;
    int groups = 1;
    const char* format = "channels_last";
};

std::vector<Attribute> attributes(const Geometry& g) {
    return {{"strides", g.strides},   {"dilations", g.dilations}, {"padding_low", g.low},
            {"padding_high", g.high}, {"groups", g.groups},       {"data_format", g.format},
            {"epilogue", ""},         {"input_shape", g.x},       {"filter_shape", g.filter}};
}

Dims y_shape(const Geometry& g) {
    const TestNode node{"conv", attributes(g), {{LM_F32, g.x}, {LM_F32, g.filter}}, {}};
    const Described d(node);
    return ConvParams::of(Node(&d.desc)).y_shape();
}

/// All three passes of all algorithms. Sums of these numbers are exact, so all but Winograd must
/// be.
void check(const Geometry& g) {
    const Dims y = y_shape(g);
    compare({"conv", attributes(g), {numbers(g.x, 1), numbers(g.filter, 2)}, {{LM_F32, y}}}, 0.0);
    compare({"conv_backward_data",
             attributes(g),
             {numbers(y, 3), numbers(g.filter, 2)},
             {{LM_F32, g.x}}},
            0.0);
    compare({"conv_backward_filter",
             attributes(g),
             {numbers(g.x, 1), numbers(y, 3)},
             {{LM_F32, g.filter}}},
            0.0);
}

} // namespace

TEST_CASE("conv: every algorithm and pass gives the reference's sums exactly, Winograd nearly") {
    check({{2, 14, 14, 20}, {5, 5, 20, 50}, {}, {}, {2, 2}, {2, 2}});
    check({{3, 28, 28, 1}, {5, 5, 1, 20}, {}, {}, {2, 2}, {2, 2}});
    check({{1, 13, 17, 3}, {3, 3, 3, 7}, {2, 2}, {}, {0, 1}, {1, 1}});
    check({{2, 9, 7, 16}, {3, 3, 16, 24}, {}, {}, {1, 1}, {1, 1}});
    check({{1, 7, 7, 130}, {1, 1, 130, 67}, {}, {}, {}, {}});
    check({{2, 8, 8, 3}, {2, 2, 3, 5}, {3, 3}, {}, {}, {}});
    check({{1, 5, 6, 256}, {3, 3, 256, 40}, {}, {}, {1, 1}, {1, 1}});
}

TEST_CASE("conv: groups, dilation and depthwise filters are exact") {
    check({{2, 11, 9, 6}, {3, 2, 2, 9}, {1, 2}, {2, 1}, {2, 0}, {2, 1}, 3});
    check({{2, 10, 11, 12}, {3, 3, 1, 12}, {}, {}, {1, 1}, {1, 1}, 12});
    check({{1, 9, 9, 8}, {3, 3, 1, 16}, {2, 2}, {}, {0, 1}, {1, 0}, 8});
    check({{1, 12, 10, 5}, {5, 3, 1, 5}, {}, {2, 3}, {4, 3}, {4, 3}, 5});
}

TEST_CASE("conv: one and three spatial dimensions, and channels first") {
    check({{2, 31, 4}, {5, 4, 6}, {3}, {2}, {3}, {4}});
    check({{1, 7, 6, 5, 5}, {3, 2, 3, 5, 11}, {2, 1, 1}, {1, 2, 1}, {1, 1, 1}, {1, 0, 1}});
    check({{2, 6, 9, 11}, {3, 3, 6, 10}, {}, {}, {1, 1}, {1, 1}, 1, "channels_first"});
    check({{2, 6, 9, 11}, {3, 3, 1, 12}, {2, 1}, {}, {1, 1}, {0, 1}, 6, "channels_first"});
}

TEST_CASE("conv: an epilogue is applied whatever it is") {
    for (const char* program : {"add i0 i1", "add i0 i1;relu t0", "relu i0",
                                "add i0 i1;tanh t0;mul t1 i2", "mul i0 c2;maximum t0 i0"})
        for (const char* format : {"channels_last", "channels_first"}) {
            const bool last = std::string(format) == "channels_last";
            Geometry g{last ? Dims{2, 9, 8, 12} : Dims{2, 12, 9, 8},
                       {3, 3, 12, 20},
                       {},
                       {},
                       {1, 1},
                       {1, 1},
                       1,
                       format};
            auto attrs = attributes(g);
            attrs[6] = {"epilogue", program};
            const Dims y = y_shape(g), bias = last ? Dims{20} : Dims{20, 1, 1};
            compare({"conv",
                     attrs,
                     {numbers(g.x, 1), numbers(g.filter, 2), numbers(bias, 3), numbers(y, 4)},
                     {{LM_F32, y}}},
                    1e-6);
        }
}

namespace {

void check_pool(const Dims& x, const Dims& window, const Dims& strides, const Dims& low,
                const Dims& high, const char* format) {
    const std::vector<Attribute> attrs{{"window", window},      {"strides", strides},
                                       {"padding_low", low},    {"padding_high", high},
                                       {"data_format", format}, {"input_shape", x}};
    Dims y;
    {
        const TestNode node{"max_pool", attrs, {{LM_F32, x}}, {}};
        const Described d(node);
        y = PoolParams::of(Node(&d.desc)).y_shape();
    }
    Tensor input = numbers(x, 1);
    input.data()[input.size() / 2] = NAN;
    const TestNode forward{"max_pool", attrs, {input}, {{LM_F32, y}}};
    compare(forward, 0.0);
    const Library reference("reference");
    const Tensor maxima = run(*reference.kernels.at("max_pool").front(), forward).front();
    compare({"max_pool_grad", attrs, {input, maxima, numbers(y, 2)}, {{LM_F32, x}}}, 0.0);
    compare({"avg_pool", attrs, {numbers(x, 1)}, {{LM_F32, y}}}, 1e-6);
    compare({"avg_pool_grad", attrs, {numbers(y, 2)}, {{LM_F32, x}}}, 1e-6);
}

} // namespace

TEST_CASE("pools: ties, NaN, padding and overlap agree with the reference in both layouts") {
    check_pool({2, 28, 28, 20}, {2, 2}, {2, 2}, {}, {}, "channels_last");
    check_pool({1, 13, 9, 7}, {3, 3}, {2, 2}, {0, 1}, {1, 1}, "channels_last");
    check_pool({2, 5, 8, 9}, {3, 2}, {1, 1}, {1, 0}, {1, 1}, "channels_first");
    check_pool({2, 17, 3}, {4}, {3}, {1}, {2}, "channels_last");
    check_pool({1, 5, 6, 7, 300}, {2, 3, 2}, {2, 1, 2}, {}, {}, "channels_last");
}
