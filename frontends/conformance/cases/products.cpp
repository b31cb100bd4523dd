// Convolutions, their backward operators, and matrix products.
#include <array>

#include "case.hpp"
#include "cases/shapes.hpp"

namespace lamina::conformance {
namespace {

using Ints = std::vector<int64_t>;

struct Convolution {
    const char* name;
    Shape x, filter; // channels_last
    Attributes attrs;
};

const std::vector<Convolution> convolutions{
    {"lenet_1",
     {3, 28, 28, 1},
     {5, 5, 1, 20},
     {{"padding_low", Ints{2, 2}}, {"padding_high", Ints{2, 2}}}},
    {"lenet_2",
     {2, 14, 14, 20},
     {5, 5, 20, 50},
     {{"padding_low", Ints{2, 2}}, {"padding_high", Ints{2, 2}}}},
    {"valid_5x5", {2, 9, 11, 3}, {5, 5, 3, 7}, {}},
    {"same_3x3",
     {2, 13, 11, 8},
     {3, 3, 8, 16},
     {{"padding_low", Ints{1, 1}}, {"padding_high", Ints{1, 1}}}},
    {"same_3x3_odd_channels",
     {1, 9, 7, 5},
     {3, 3, 5, 13},
     {{"padding_low", Ints{1, 1}}, {"padding_high", Ints{1, 1}}}},
    {"valid_3x3_rgb", {2, 17, 19, 3}, {3, 3, 3, 9}, {}},
    {"same_3x3_wide",
     {1, 14, 14, 37},
     {3, 3, 37, 41},
     {{"padding_low", Ints{1, 1}}, {"padding_high", Ints{1, 1}}}},
    {"pointwise", {2, 7, 5, 13}, {1, 1, 13, 17}, {}},
    {"pointwise_stride_2", {2, 7, 5, 13}, {1, 1, 13, 17}, {{"strides", Ints{2, 2}}}},
    {"stride_2_same",
     {2, 11, 14, 6},
     {3, 3, 6, 10},
     {{"strides", Ints{2, 2}}, {"padding_low", Ints{1, 0}}, {"padding_high", Ints{1, 1}}}},
    {"stride_3_2", {2, 13, 11, 4}, {3, 4, 4, 5}, {{"strides", Ints{3, 2}}}},
    {"dilated", {2, 13, 12, 4}, {3, 3, 4, 6}, {{"dilations", Ints{2, 3}}}},
    {"uneven_padding",
     {1, 6, 7, 3},
     {4, 3, 3, 5},
     {{"padding_low", Ints{0, 2}}, {"padding_high", Ints{3, 1}}}},
    {"window_above_input",
     {1, 2, 3, 3},
     {5, 5, 3, 4},
     {{"padding_low", Ints{2, 1}}, {"padding_high", Ints{2, 2}}}},
    {"row",
     {2, 9, 10, 5},
     {1, 7, 5, 6},
     {{"padding_low", Ints{0, 3}}, {"padding_high", Ints{0, 3}}}},
    {"groups_2", {2, 8, 7, 6}, {3, 3, 3, 10}, {{"groups", 2}}},
    {"groups_3_stride_2", {2, 9, 8, 9}, {3, 2, 3, 6}, {{"groups", 3}, {"strides", Ints{2, 2}}}},
    {"depthwise",
     {2, 10, 9, 11},
     {3, 3, 1, 11},
     {{"groups", 11}, {"padding_low", Ints{1, 1}}, {"padding_high", Ints{1, 1}}}},
    {"depthwise_multiplier_2",
     {2, 8, 9, 5},
     {3, 3, 1, 10},
     {{"groups", 5}, {"strides", Ints{2, 1}}}},
    {"1d",
     {3, 31, 5},
     {4, 5, 7},
     {{"strides", Ints{2}}, {"padding_low", Ints{1}}, {"padding_high", Ints{2}}}},
    {"1d_dilated", {2, 29, 3}, {3, 3, 5}, {{"dilations", Ints{4}}}},
    {"3d",
     {2, 5, 6, 7, 3},
     {3, 2, 3, 3, 4},
     {{"padding_low", Ints{1, 0, 1}}, {"padding_high", Ints{1, 1, 1}}}},
    {"3d_stride", {1, 7, 6, 5, 2}, {2, 3, 2, 2, 5}, {{"strides", Ints{2, 1, 2}}}},
    {"batch_127",
     {127, 5, 5, 3},
     {3, 3, 3, 4},
     {{"padding_low", Ints{1, 1}}, {"padding_high", Ints{1, 1}}}},
    {"batch_128", {128, 4, 5, 2}, {3, 3, 2, 5}, {}},
    {"batch_129", {129, 5, 3, 1}, {2, 2, 1, 3}, {}},
    {"one_pixel", {1, 1, 1, 1}, {1, 1, 1, 1}, {}},
    {"vgg16_1",
     {1, 28, 28, 3},
     {3, 3, 3, 64},
     {{"padding_low", Ints{1, 1}}, {"padding_high", Ints{1, 1}}}},
    {"vgg16_5",
     {1, 7, 7, 64},
     {3, 3, 64, 64},
     {{"padding_low", Ints{1, 1}}, {"padding_high", Ints{1, 1}}}},
    {"inception_stem", {1, 29, 29, 3}, {3, 3, 3, 32}, {{"strides", Ints{2, 2}}}},
    {"inception_5x5",
     {1, 35, 35, 12},
     {5, 5, 12, 16},
     {{"padding_low", Ints{2, 2}}, {"padding_high", Ints{2, 2}}}},
    {"inception_1x7",
     {1, 17, 17, 24},
     {1, 7, 24, 32},
     {{"padding_low", Ints{0, 3}}, {"padding_high", Ints{0, 3}}}},
    {"inception_7x1",
     {1, 17, 17, 24},
     {7, 1, 24, 32},
     {{"padding_low", Ints{3, 0}}, {"padding_high", Ints{3, 0}}}},
    {"inception_3x1",
     {2, 8, 8, 48},
     {3, 1, 48, 48},
     {{"padding_low", Ints{1, 0}}, {"padding_high", Ints{1, 0}}}},
    {"large_kernel", {1, 19, 17, 3}, {11, 13, 3, 5}, {}},
};

/// Of 7 to 31 along a dimension, where a transform may pay: tiles of several sizes, edges within a
/// tile, odd channels.
const std::vector<Convolution> large_kernels{
    {"kernel_7",
     {2, 23, 19, 5},
     {7, 7, 5, 6},
     {{"padding_low", Ints{3, 3}}, {"padding_high", Ints{3, 3}}}},
    {"kernel_15_uneven_padding",
     {1, 25, 22, 3},
     {15, 11, 3, 4},
     {{"padding_low", Ints{9, 0}}, {"padding_high", Ints{2, 7}}}},
    {"kernel_31_above_input",
     {1, 13, 17, 2},
     {31, 31, 2, 3},
     {{"padding_low", Ints{15, 15}}, {"padding_high", Ints{15, 15}}}},
    {"kernel_21_row", {1, 3, 70, 3}, {1, 21, 3, 2}, {}},
    {"kernel_9_1d", {3, 61, 3}, {9, 3, 7}, {{"padding_low", Ints{8}}, {"padding_high", Ints{1}}}},
    {"kernel_31_1d", {2, 97, 1}, {31, 1, 5}, {}},
    {"kernel_7_3d",
     {1, 9, 8, 11, 2},
     {7, 5, 7, 2, 3},
     {{"padding_low", Ints{3, 2, 0}}, {"padding_high", Ints{3, 2, 3}}}},
    {"kernel_9_stride_2_dilated",
     {1, 31, 27, 2},
     {9, 7, 2, 3},
     {{"strides", Ints{2, 1}}, {"dilations", Ints{1, 2}}, {"padding_low", Ints{4, 3}}}},
};

int64_t entry(const Attributes& attrs, const char* name, size_t i, int64_t otherwise) {
    const auto it = attrs.find(name);
    return it == attrs.end() ? otherwise : std::get<Ints>(it->second)[i];
}

Shape output(const Convolution& c) {
    Shape y{c.x[0]};
    for (size_t i = 0; i + 2 < c.x.rank(); ++i) {
        const int64_t effective = (c.filter[i] - 1) * entry(c.attrs, "dilations", i, 1) + 1;
        const int64_t room = c.x[i + 1] + entry(c.attrs, "padding_low", i, 0) +
                             entry(c.attrs, "padding_high", i, 0) - effective;
        y.push_back(room / entry(c.attrs, "strides", i, 1) + 1);
    }
    y.push_back(c.filter.back());
    return y;
}

struct Data {
    const char* name;
    Fill fill;
    bool exact;
    DType dtype = DType::F32;
};
const std::vector<Data> data{{"integers", integers(-3, 3), true},
                             {"random", uniform(), false},
                             {"f64", uniform(), false, DType::F64},
                             {"f16", uniform(), false, DType::F16},
                             {"bf16", uniform(), false, DType::BF16},
                             // Sums that are exact in f32 are rounded once.
                             {"f16_integers", integers(-3, 3), true, DType::F16}};

bool is_half(const Data& d) { return size_of(d.dtype) == 2; }

void add_convolution(Cases& cases, const Convolution& c, const Data& d, bool channels_last) {
    const std::string tail =
        std::string("/") + c.name + (channels_last ? "/" : "/channels_first/") + d.name;
    Attributes attrs = c.attrs;
    attrs["data_format"] = std::string(channels_last ? "channels_last" : "channels_first");
    const Shape y = output(c);
    const Input x{channels_last ? c.x : channels_first(c.x), d.fill, d.dtype},
        filter{c.filter, d.fill, d.dtype},
        dy{channels_last ? y : channels_first(y), d.fill, d.dtype};
    const auto terms = [&](int64_t n) {
        return d.exact ? exact() : sum_of(static_cast<double>(n));
    };
    const int64_t window = c.filter.elements() / c.filter.back();
    const bool differentiated = std::string(d.name) == "random" || std::string(d.name) == "f16";
    const auto gradient = differentiated ? std::vector<size_t>{0, 1} : std::vector<size_t>{};
    cases.push_back({"conv" + tail, "conv", {x, filter}, attrs, terms(window), {}, gradient});

    Attributes backward = attrs;
    backward["input_shape"] = Ints(x.shape.begin(), x.shape.end());
    cases.push_back({"conv_backward_data" + tail,
                     "conv_backward_data",
                     {dy, filter},
                     backward,
                     terms(c.filter.elements() / c.filter[c.filter.rank() - 2]),
                     {},
                     gradient});
    backward.erase("input_shape");
    backward["filter_shape"] = Ints(c.filter.begin(), c.filter.end());
    cases.push_back({"conv_backward_filter" + tail,
                     "conv_backward_filter",
                     {x, dy},
                     backward,
                     terms(y.elements() / y.back()),
                     {},
                     gradient});
    if (!is_half(d))
        return;
    backward["result_dtype"] = std::string("f32");
    cases.push_back({"conv_backward_filter" + tail + "_to_f32",
                     "conv_backward_filter",
                     {x, dy},
                     backward,
                     terms(y.elements() / y.back())});
}

CONFORMANCE_CASES(conv) {
    for (const Convolution& c : convolutions)
        for (const Data& d : data)
            for (const bool channels_last : {true, false})
                if (channels_last || d.dtype == DType::F32 || (d.exact && is_half(d)))
                    add_convolution(cases, c, d, channels_last);
    for (const Convolution& c : large_kernels)
        for (const Data& d : data)
            for (const bool channels_last : {true, false})
                if (d.dtype == DType::F32)
                    add_convolution(cases, c, d, channels_last);

    const Input x{{2, 6, 5, 3}, integers()}, filter{{3, 3, 3, 8}, integers()},
        bias{{8}, integers()}, residual{{2, 4, 3, 8}, integers()};
    const auto add = [&](const char* name, const char* epilogue, std::vector<Input> inputs,
                         Limit limit) {
        cases.push_back({std::string("conv/epilogue/") + name,
                         "conv",
                         std::move(inputs),
                         {{"epilogue", std::string(epilogue)}},
                         limit});
    };
    add("bias", "add i0 i1", {x, filter, bias}, exact());
    add("bias_relu", "add i0 i1;relu t0", {x, filter, bias}, exact());
    add("bias_relu_residual", "add i0 i1;relu t0;add t1 i2", {x, filter, bias, residual}, exact());
    add("tanh", "mul i0 c0.01;tanh t0", {x, filter}, function());
    for (const DType dtype : {DType::F16, DType::BF16})
        for (const int64_t filters : {8, 7}) {
            const auto of = [&](const Shape& shape) { return Input{shape, uniform(), dtype}; };
            const std::string tail = "_" + std::string(name(dtype)) + "_" + std::to_string(filters);
            const Input narrow = of({3, 3, 3, filters});
            add(("bias_relu" + tail).c_str(), "add i0 i1;relu t0",
                {of({2, 6, 5, 3}), narrow, of({filters})}, sum_of(27));
            add(("residual" + tail).c_str(), "add i0 i1;relu t0;add t1 i2",
                {of({2, 6, 5, 3}), narrow, of({filters}), of({2, 4, 3, filters})}, sum_of(27));
        }
    cases.push_back({"conv/epilogue/channels_first_bias_relu",
                     "conv",
                     {{{2, 3, 6, 5}, integers()}, filter, {{8, 1, 1}, integers()}},
                     {{"epilogue", std::string("add i0 i1;relu t0")},
                      {"data_format", std::string("channels_first")}},
                     exact()});
    cases.push_back(
        {"conv_backward_data/epilogue/bias_relu",
         "conv_backward_data",
         {{{2, 4, 3, 8}, integers()}, filter, {{3}, integers()}},
         {{"epilogue", std::string("add i0 i1;relu t0")}, {"input_shape", Ints{2, 6, 5, 3}}},
         exact()});
}

CONFORMANCE_CASES(matmul) {
    const std::vector<std::array<int64_t, 3>> sizes{{1, 1, 1},     {7, 13, 17},  {128, 500, 10},
                                                    {129, 31, 65}, {1, 127, 1},  {1, 300, 129},
                                                    {127, 1, 3},   {3, 2450, 5}, {64, 64, 64}};
    for (const auto& [m, k, n] : sizes)
        for (const bool ta : {false, true})
            for (const bool tb : {false, true})
                for (const Data& d : data) {
                    const Input a{ta ? Shape{k, m} : Shape{m, k}, d.fill, d.dtype};
                    const Input b{tb ? Shape{n, k} : Shape{k, n}, d.fill, d.dtype};
                    cases.push_back({"matmul/" + Shape{m, k, n}.to_string() +
                                         (ta ? "/transpose_a" : "") + (tb ? "/transpose_b" : "") +
                                         "/" + d.name,
                                     "matmul",
                                     {a, b},
                                     {{"transpose_a", ta}, {"transpose_b", tb}},
                                     d.exact ? exact() : sum_of(static_cast<double>(k)),
                                     {},
                                     std::string(d.name) == "random" ? std::vector<size_t>{0, 1}
                                                                     : std::vector<size_t>{}});
                    if (!is_half(d))
                        continue;
                    Case wide = cases.back();
                    wide.name += "_to_f32";
                    wide.attrs["result_dtype"] = std::string("f32");
                    cases.push_back(std::move(wide));
                }
    for (const bool ta : {false, true})
        for (const bool tb : {false, true}) {
            const std::string tail =
                std::string(ta ? "/transpose_a" : "") + (tb ? "/transpose_b" : "");
            const Attributes attrs{{"transpose_a", ta}, {"transpose_b", tb}};
            const Input a{ta ? Shape{2, 3, 7, 5} : Shape{2, 3, 5, 7}, integers()};
            const Input b{tb ? Shape{2, 3, 4, 7} : Shape{2, 3, 7, 4}, integers()};
            const Input shared{tb ? Shape{4, 7} : Shape{7, 4}, integers()};
            cases.push_back({"matmul/batch" + tail, "matmul", {a, b}, attrs, exact(), {}, {0, 1}});
            cases.push_back(
                {"matmul/shared" + tail, "matmul", {a, shared}, attrs, exact(), {}, {0, 1}});
        }
    const Input a{{9, 17}, integers()}, b{{17, 11}, integers()}, bias{{11}, integers()};
    cases.push_back({"matmul/epilogue/bias",
                     "matmul",
                     {a, b, bias},
                     {{"epilogue", std::string("add i0 i1")}},
                     exact()});
    cases.push_back({"matmul/epilogue/bias_relu",
                     "matmul",
                     {a, b, bias},
                     {{"epilogue", std::string("add i0 i1;relu t0")}},
                     exact()});
    cases.push_back({"matmul/epilogue/mask",
                     "matmul",
                     {a, b, {{9, 11}, integers()}},
                     {{"epilogue", std::string("greater i1 c0;select t0 i0 c0")}},
                     exact()});
}

} // namespace
} // namespace lamina::conformance
