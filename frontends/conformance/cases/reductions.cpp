// Reductions, softmax, rankings and batch normalisation.
#include <limits>

#include "case.hpp"
#include "cases/shapes.hpp"

namespace lamina::conformance {
namespace {

using Ints = std::vector<int64_t>;

CONFORMANCE_CASES(reduce) {
    struct Reduction {
        Shape x;
        Ints axes;
        double terms;
    };
    const std::vector<Reduction> reductions{{{5, 7, 11}, {0}, 5},
                                            {{5, 7, 11}, {1}, 7},
                                            {{5, 7, 11}, {2}, 11},
                                            {{5, 7, 11}, {0, 2}, 55},
                                            {{5, 7, 11}, {0, 1}, 35},
                                            {{5, 7, 11}, {0, 1, 2}, 385},
                                            {{129, 127}, {-1}, 127},
                                            {{129, 127}, {0}, 129},
                                            {{1, 1}, {0}, 1},
                                            {{7}, {}, 1},
                                            {{70001}, {0}, 70001},
                                            {{3, 2, 5, 3, 7}, {0, 2, 4}, 105},
                                            {{128, 500}, {0}, 128},
                                            {{2, 9, 8, 6}, {0, 1, 2}, 144},
                                            {{1, 127}, {0}, 1},
                                            {{127, 1}, {1}, 1},
                                            {{13, 17}, {0, 1}, 221},
                                            {{2, 3}, {1}, 3},
                                            {{2, 8, 8, 80}, {1, 2}, 64},
                                            {{2, 80, 8, 8}, {2, 3}, 64}};
    for (const Reduction& r : reductions)
        for (const bool keep : {false, true}) {
            std::string axes;
            for (const int64_t a : r.axes)
                axes += "," + std::to_string(a);
            const std::string tail = "/" + r.x.to_string() + "over" + axes + (keep ? "/kept" : "");
            const Attributes attrs{{"axes", r.axes}, {"keep_dims", keep}};
            const Input whole{r.x, integers()}, real{r.x, uniform()};
            const auto gradient = r.terms > 1000 ? std::vector<size_t>{} : std::vector<size_t>{0};
            cases.push_back(
                {"reduce_sum" + tail + "/integers", "reduce_sum", {whole}, attrs, exact()});
            cases.push_back({"reduce_sum" + tail + "/random",
                             "reduce_sum",
                             {real},
                             attrs,
                             sum_of(r.terms),
                             {},
                             gradient});
            cases.push_back({"reduce_mean" + tail,
                             "reduce_mean",
                             {real},
                             attrs,
                             sum_of(r.terms),
                             {},
                             gradient});
            cases.push_back(
                {"reduce_max" + tail, "reduce_max", {real}, attrs, exact(), {}, gradient});
            cases.push_back(
                {"reduce_min" + tail, "reduce_min", {real}, attrs, exact(), {}, gradient});
            for (const DType dtype : {DType::F16, DType::BF16})
                for (const char* op : {"reduce_sum", "reduce_mean"}) {
                    Attributes wide = attrs;
                    wide["result_dtype"] = std::string("f32");
                    cases.push_back({op + tail + "/" + std::string(name(dtype)) + "_to_f32",
                                     op,
                                     {{r.x, uniform(), dtype}},
                                     wide,
                                     sum_of(r.terms)});
                }
            if (r.terms < 1000)
                cases.push_back({"reduce_prod" + tail,
                                 "reduce_prod",
                                 {{r.x, uniform(0.9, 1.1)}},
                                 attrs,
                                 function(r.terms * r.terms),
                                 {},
                                 {0}});
        }
    const double inf = std::numeric_limits<double>::infinity();
    const double nan = std::numeric_limits<double>::quiet_NaN();
    for (const char* op :
         {"reduce_sum", "reduce_max", "reduce_min", "reduce_mean", "reduce_prod"}) {
        cases.push_back({std::string(op) + "/special",
                         op,
                         {{{6, 4}, cycle({1, 2, nan, 3, 4, inf, 5, 6, -inf, 7, 8})}},
                         {{"axes", Ints{1}}},
                         rounded()});
        if (std::string(op) != "reduce_mean")
            for (const DType dtype : {DType::I32, DType::I64})
                cases.push_back({std::string(op) + "/" + std::string(name(dtype)),
                                 op,
                                 {{{5, 7}, integers(-3, 3), dtype}},
                                 {{"axes", Ints{0}}},
                                 exact()});
        cases.push_back({std::string(op) + "/f64",
                         op,
                         {{{5, 7, 3}, uniform(0.5, 1), DType::F64}},
                         {{"axes", Ints{0, 2}}},
                         function(15)});
    }
}

CONFORMANCE_CASES(softmax) {
    struct Softmax {
        Shape x;
        int64_t axis;
    };
    std::vector<Softmax> list{
        {{5, 7, 11}, 1}, {{5, 7}, 0}, {{127}, 0}, {{2, 3, 5, 7}, -1}, {{2, 13, 3, 3}, 1}};
    for (const int64_t rows : {1, 2, 7, 127, 128, 129})
        for (const int64_t classes : {1, 2, 10, 33, 127, 1000})
            if (rows * classes < 20000)
                list.push_back({{rows, classes}, -1});
    for (const Softmax& s : list) {
        const std::string tail = "/" + s.x.to_string() + "axis" + std::to_string(s.axis);
        const Attributes attrs{{"axis", s.axis}};
        const auto terms = static_cast<double>(s.x.at(s.axis));
        const Input x{s.x, uniform(-9, 9)};
        for (const char* op : {"softmax", "log_softmax"})
            cases.push_back({op + tail, op, {x}, attrs, function(terms), {}, {0}});
        cases.push_back(
            {"argmax" + tail + "/random", "argmax", {{s.x, uniform()}}, attrs, exact()});
        cases.push_back(
            {"argmax" + tail + "/ties", "argmax", {{s.x, integers(0, 2)}}, attrs, exact()});
        if (s.axis == -1)
            cases.push_back({"softmax_cross_entropy" + tail,
                             "softmax_cross_entropy",
                             {x, {s.x, uniform(0, 1)}},
                             {},
                             function(terms),
                             {},
                             {0, 1}});
    }
    cases.push_back({"softmax/large",
                     "softmax",
                     {{{4, 3}, cycle({1000, 1000, -1000, 80, 90, 100, -1e30})}},
                     {{"axis", -1}},
                     function()});
    cases.push_back({"log_softmax/large",
                     "log_softmax",
                     {{{4, 3}, cycle({1000, 1000, -1000, 80, 90, 100, 50})}},
                     {{"axis", -1}},
                     function()});
    cases.push_back({"softmax_cross_entropy/large",
                     "softmax_cross_entropy",
                     {{{4, 3}, cycle({1000, 999, -1000, 80, 90, 100, 50})},
                      {{4, 3}, cycle({0, 1, 0, 1, 0, 0, 0})}},
                     {},
                     function()});
    const double nan = std::numeric_limits<double>::quiet_NaN();
    cases.push_back({"argmax/special",
                     "argmax",
                     {{{4, 5}, cycle({1, 3, 3, nan, nan, 2, 1})}},
                     {{"axis", 1}},
                     exact()});
    for (const int64_t k : {1, 3, 10})
        for (const Shape& x : {Shape{10}, Shape{127}, Shape{1, 1}, Shape{7, 10}, Shape{129, 11},
                               Shape{128, 33}, Shape{1, 257}, Shape{127, 3}, Shape{3, 2, 1000},
                               Shape{2, 3, 5, 13}, Shape{5, 3}, Shape{2, 64}}) {
            if (k > x.back())
                continue;
            const std::string tail = "/" + x.to_string() + "k" + std::to_string(k);
            const Attributes attrs{{"k", k}};
            cases.push_back(
                {"top_k" + tail + "/random", "top_k", {{x, uniform()}}, attrs, exact(), {}, {0}});
            cases.push_back(
                {"top_k" + tail + "/ties", "top_k", {{x, integers(0, 4)}}, attrs, exact()});
        }
    cases.push_back({"top_k/all", "top_k", {{{4, 7}, uniform()}}, {{"k", 7}}, exact(), {}, {0}});
}

CONFORMANCE_CASES(batch_norm) {
    struct Norm {
        Shape x;
        int64_t axis;
    };
    std::vector<Norm> norms{{{129, 3}, -1}, {{127, 13}, -1}, {{128, 10}, 1}, {{7, 1}, -1}};
    for (const Shape& x :
         {Shape{4, 5, 6, 7}, Shape{2, 13, 17, 1}, Shape{3, 33, 5}, Shape{8, 2, 2, 127},
          Shape{1, 7, 5, 3}, Shape{2, 3, 3, 64}, Shape{3, 1, 1, 129}, Shape{127, 2, 2, 3},
          Shape{1, 14, 14, 32}, Shape{1, 35, 35, 13}, Shape{2, 8, 8, 40}, Shape{2, 3, 4, 5, 6},
          Shape{2, 257, 2}, Shape{5, 4, 3, 16}}) {
        norms.push_back({x, -1});
        norms.push_back({channels_first(x), 1});
    }
    for (const Norm& n : norms) {
        const std::string tail = "/" + n.x.to_string() + "axis" + std::to_string(n.axis);
        const Shape channels{n.x.at(n.axis)};
        const auto terms = static_cast<double>(n.x.elements()) / static_cast<double>(channels[0]);
        const Attributes attrs{{"axis", n.axis}, {"epsilon", 0.001}};
        const Input vector{channels, uniform()}, positive{channels, uniform(0.5, 2)};
        for (const DType dtype : {DType::F32, DType::F16, DType::BF16}) {
            const std::string end =
                tail + (dtype == DType::F32 ? "" : "/" + std::string(name(dtype)));
            const Input x{n.x, uniform(-1, 3), dtype}, dy{n.x, uniform(), dtype};
            cases.push_back({"batch_norm_training" + end,
                             "batch_norm_training",
                             {x, positive, vector},
                             attrs,
                             function(terms),
                             {},
                             {0, 1, 2}});
            cases.push_back({"batch_norm_inference" + end,
                             "batch_norm_inference",
                             {x, positive, vector, vector, positive},
                             attrs,
                             function(),
                             {},
                             {0, 1, 2}});
            cases.push_back({"batch_norm_grad" + end,
                             "batch_norm_grad",
                             {x, positive, vector, positive, dy},
                             attrs,
                             function(terms)});
        }
    }
}

} // namespace
} // namespace lamina::conformance
