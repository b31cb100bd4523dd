// Pooling, resizing, and their gradients.
#include <limits>

#include "case.hpp"
#include "cases/shapes.hpp"

namespace lamina::conformance {
namespace {

using Ints = std::vector<int64_t>;

struct Pool {
    const char* name;
    Shape x; // channels_last
    Attributes attrs;
};

const std::vector<Pool> pools{
    {"2x2", {3, 28, 28, 5}, {{"window", Ints{2, 2}}, {"strides", Ints{2, 2}}}},
    {"2x2_odd", {2, 7, 9, 3}, {{"window", Ints{2, 2}}, {"strides", Ints{2, 2}}}},
    {"2x2_odd_same",
     {2, 7, 9, 3},
     {{"window", Ints{2, 2}},
      {"strides", Ints{2, 2}},
      {"padding_high", Ints{1, 1}},
      {"padding_low", Ints{0, 0}}}},
    {"3x3_overlapping",
     {2, 9, 8, 17},
     {{"window", Ints{3, 3}},
      {"strides", Ints{2, 2}},
      {"padding_low", Ints{1, 0}},
      {"padding_high", Ints{1, 1}}}},
    {"3x3_stride_1_same",
     {1, 6, 7, 4},
     {{"window", Ints{3, 3}},
      {"strides", Ints{1, 1}},
      {"padding_low", Ints{1, 1}},
      {"padding_high", Ints{1, 1}}}},
    {"gaps", {2, 11, 8, 2}, {{"window", Ints{2, 1}}, {"strides", Ints{4, 3}}}},
    {"global", {2, 7, 5, 33}, {{"window", Ints{7, 5}}}},
    {"1d",
     {3, 13, 5},
     {{"window", Ints{3}},
      {"strides", Ints{2}},
      {"padding_low", Ints{1}},
      {"padding_high", Ints{1}}}},
    {"3d",
     {2, 5, 4, 7, 3},
     {{"window", Ints{2, 2, 3}},
      {"strides", Ints{2, 1, 2}},
      {"padding_low", Ints{0, 1, 1}},
      {"padding_high", Ints{1, 0, 1}}}},
    {"batch_129", {129, 4, 4, 1}, {{"window", Ints{2, 2}}, {"strides", Ints{2, 2}}}},
    {"batch_128", {128, 5, 3, 2}, {{"window", Ints{2, 2}}, {"strides", Ints{1, 1}}}},
    {"batch_127", {127, 3, 5, 3}, {{"window", Ints{3, 2}}, {"strides", Ints{2, 2}}}},
    {"one_pixel", {1, 1, 1, 1}, {{"window", Ints{1, 1}}}},
    {"lenet_2", {2, 14, 14, 50}, {{"window", Ints{2, 2}}, {"strides", Ints{2, 2}}}},
    {"vgg16", {1, 28, 28, 32}, {{"window", Ints{2, 2}}, {"strides", Ints{2, 2}}}},
    {"inception_reduction", {1, 35, 35, 24}, {{"window", Ints{3, 3}}, {"strides", Ints{2, 2}}}},
    {"inception_branch",
     {1, 17, 17, 24},
     {{"window", Ints{3, 3}},
      {"strides", Ints{1, 1}},
      {"padding_low", Ints{1, 1}},
      {"padding_high", Ints{1, 1}}}},
    {"inception_global", {2, 8, 8, 80}, {{"window", Ints{8, 8}}}},
};

Shape output(const Pool& p) {
    const auto entry = [&](const char* name, size_t i, int64_t otherwise) {
        const auto it = p.attrs.find(name);
        return it == p.attrs.end() ? otherwise : std::get<Ints>(it->second)[i];
    };
    Shape y{p.x[0]};
    for (size_t i = 0; i + 2 < p.x.rank(); ++i)
        y.push_back((p.x[i + 1] + entry("padding_low", i, 0) + entry("padding_high", i, 0) -
                     entry("window", i, 1)) /
                        entry("strides", i, 1) +
                    1);
    y.push_back(p.x.back());
    return y;
}

CONFORMANCE_CASES(pooling) {
    for (const Pool& p : pools)
        for (const bool channels_last : {true, false}) {
            const std::string tail =
                std::string("/") + p.name + (channels_last ? "" : "/channels_first");
            Attributes attrs = p.attrs;
            attrs["data_format"] = std::string(channels_last ? "channels_last" : "channels_first");
            const Shape xs = channels_last ? p.x : channels_first(p.x);
            const Shape ys = channels_last ? output(p) : channels_first(output(p));
            const Input ties{xs, integers(-2, 2)}, random{xs, uniform()}, dy{ys, integers()};
            cases.push_back(
                {"max_pool" + tail + "/random", "max_pool", {random}, attrs, exact(), {}, {0}});
            cases.push_back({"max_pool" + tail + "/ties", "max_pool", {ties}, attrs, exact()});
            cases.push_back({"max_pool_grad" + tail + "/random",
                             "max_pool_grad",
                             {random, {ys, uniform()}, dy},
                             attrs,
                             exact(),
                             {{1, "max_pool", {0}}}});
            cases.push_back({"max_pool_grad" + tail + "/ties",
                             "max_pool_grad",
                             {ties, {ys, uniform()}, dy},
                             attrs,
                             exact(),
                             {{1, "max_pool", {0}}}});
            cases.push_back({"avg_pool" + tail, "avg_pool", {random}, attrs, sum_of(9), {}, {0}});
            Attributes backward = attrs;
            backward["input_shape"] = Ints(xs.begin(), xs.end());
            cases.push_back(
                {"avg_pool_grad" + tail, "avg_pool_grad", {dy}, backward, sum_of(9), {}, {0}});
            for (const DType dtype : {DType::F16, DType::BF16}) {
                const std::string end = tail + "/" + std::string(name(dtype));
                const Input x{xs, uniform(), dtype}, y{ys, uniform(), dtype},
                    whole{ys, integers(), dtype};
                cases.push_back({"max_pool" + end, "max_pool", {x}, attrs, exact(), {}, {0}});
                cases.push_back({"max_pool_grad" + end,
                                 "max_pool_grad",
                                 {x, y, whole},
                                 attrs,
                                 exact(),
                                 {{1, "max_pool", {0}}}});
                cases.push_back({"avg_pool" + end, "avg_pool", {x}, attrs, sum_of(9)});
                cases.push_back(
                    {"avg_pool_grad" + end, "avg_pool_grad", {whole}, backward, sum_of(9)});
            }
        }
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const double inf = std::numeric_limits<double>::infinity();
    cases.push_back({"max_pool/special",
                     "max_pool",
                     {{{1, 6, 6, 2}, cycle({1, nan, 2, -inf, 3, inf, -4})}},
                     {{"window", Ints{2, 2}}, {"strides", Ints{2, 2}}},
                     exact()});
    cases.push_back({"max_pool/all_negative_infinite",
                     "max_pool",
                     {{{1, 4, 4, 1}, cycle({-inf})}},
                     {{"window", Ints{2, 2}}, {"strides", Ints{2, 2}}},
                     exact()});

    struct Resize {
        const char* name;
        Shape x;
        Ints size;
    };
    for (const Resize& r : std::vector<Resize>{{"double", {2, 5, 3, 4}, {10, 6}},
                                               {"uneven", {2, 5, 7, 3}, {8, 4}},
                                               {"shrink", {1, 9, 8, 2}, {4, 3}},
                                               {"one", {2, 3, 3, 1}, {1, 1}},
                                               {"1d", {2, 7, 3}, {17}},
                                               {"3d", {1, 2, 3, 4, 2}, {4, 5, 3}},
                                               {"same", {2, 7, 5, 3}, {7, 5}},
                                               {"batch_129", {129, 3, 2, 1}, {5, 4}}})
        for (const char* method : {"nearest", "bilinear"})
            for (const bool channels_last : {true, false}) {
                const std::string tail = std::string("/") + r.name + "/" + method +
                                         (channels_last ? "" : "/channels_first");
                const Limit limit = std::string(method) == "nearest" ? exact() : sum_of(8);
                Attributes attrs{{"method", std::string(method)},
                                 {"data_format",
                                  std::string(channels_last ? "channels_last" : "channels_first")}};
                Shape y = r.x;
                for (size_t i = 0; i < r.size.size(); ++i)
                    y[i + 1] = r.size[i];
                const Shape xs = channels_last ? r.x : channels_first(r.x),
                            ys = channels_last ? y : channels_first(y);
                Attributes grad = attrs;
                attrs["size"] = r.size;
                grad["input_shape"] = Ints(xs.begin(), xs.end());
                cases.push_back(
                    {"resize" + tail, "resize", {{xs, integers()}}, attrs, limit, {}, {0}});
                cases.push_back({"resize_grad" + tail,
                                 "resize_grad",
                                 {{ys, integers()}},
                                 grad,
                                 limit.kind == Limit::Class::Exact ? exact() : sum_of(64),
                                 {},
                                 {0}});
            }
}

} // namespace
} // namespace lamina::conformance
