// Movement, indexing and random draws.
#include "case.hpp"

namespace lamina::conformance {
namespace {

using Ints = std::vector<int64_t>;

const std::vector<DType> dtypes{DType::F32, DType::F64,  DType::I32, DType::I64,
                                DType::U8,  DType::Bool, DType::F16, DType::BF16};

/// One case a dtype; the gradient of the first. Few values make bool interesting too.
void add(Cases& cases, const std::string& op, const std::string& name,
         const std::vector<Shape>& shapes, const Attributes& attrs) {
    for (const DType dtype : dtypes) {
        const bool real = dtype == DType::F32;
        std::vector<Input> inputs;
        std::vector<size_t> all;
        for (const Shape& shape : shapes) {
            all.push_back(inputs.size());
            inputs.push_back({shape, real ? uniform() : integers(0, 5), dtype});
        }
        const std::string type = real ? "" : "/" + std::string(lamina::name(dtype));
        cases.push_back({op + "/" + name + type,
                         op,
                         inputs,
                         attrs,
                         exact(),
                         {},
                         real ? all : std::vector<size_t>{}});
    }
}

CONFORMANCE_CASES(movement) {
    add(cases, "reshape", "[6, 35]", {{2, 3, 5, 7}}, {{"shape", Ints{6, 35}}});
    add(cases, "broadcast_to", "[5]to[3, 5]", {{5}}, {{"shape", Ints{3, 5}}});
    add(cases, "broadcast_to", "[]to[129]", {{}}, {{"shape", Ints{129}}});
    add(cases, "broadcast_to", "[2, 1, 7]to[3, 2, 5, 7]", {{2, 1, 7}},
        {{"shape", Ints{3, 2, 5, 7}}});
    add(cases, "transpose", "matrix", {{127, 33}}, {{"perm", Ints{1, 0}}});
    add(cases, "transpose", "nhwc_to_nchw", {{2, 5, 7, 3}}, {{"perm", Ints{0, 3, 1, 2}}});
    add(cases, "transpose", "nchw_to_nhwc", {{2, 3, 5, 7}}, {{"perm", Ints{0, 2, 3, 1}}});
    add(cases, "transpose", "reverse", {{2, 3, 4, 5, 3}}, {{"perm", Ints{4, 3, 2, 1, 0}}});
    add(cases, "transpose", "identity", {{7, 5}}, {{"perm", Ints{0, 1}}});
    add(cases, "pad", "all", {{3, 5, 2}}, {{"low", Ints{1, 0, 2}}, {"high", Ints{0, 3, 1}}});
    add(cases, "pad", "value", {{127}}, {{"low", Ints{1}}, {"high", Ints{2}}, {"value", 3.0}});
    add(cases, "slice", "part", {{5, 7, 3}}, {{"begin", Ints{1, 2, 0}}, {"size", Ints{3, 4, 3}}});
    add(cases, "slice", "strided", {{11, 9}},
        {{"begin", Ints{1, 8}}, {"size", Ints{4, 3}}, {"strides", Ints{3, -4}}});
    add(cases, "slice", "one", {{127}}, {{"begin", Ints{126}}, {"size", Ints{1}}});
    add(cases, "concat", "two", {{3, 5}, {3, 2}}, {{"axis", 1}});
    add(cases, "concat", "first_axis", {{1, 7}, {3, 7}, {2, 7}}, {{"axis", 0}});
    add(cases, "concat", "channels", {{2, 3, 3, 5}, {2, 3, 3, 1}, {2, 3, 3, 7}, {2, 3, 3, 2}},
        {{"axis", -1}});
    add(cases, "concat", "one", {{3, 5}}, {{"axis", 0}});
}

CONFORMANCE_CASES(indexing) {
    for (const DType index : {DType::I32, DType::I64}) {
        const std::string type = "/" + std::string(name(index));
        // From -1 to one too far: an index outside reads zeros and adds nothing.
        const Input indices{{4, 3}, integers(-1, 7), index};
        for (const int64_t axis : {0, 1, 2}) {
            Shape x{5, 6, 4};
            x[static_cast<size_t>(axis)] = 7;
            Shape updates;
            for (int64_t i = 0; i < 3; ++i) {
                if (i == axis) {
                    updates.push_back(4);
                    updates.push_back(3);
                } else {
                    updates.push_back(x[static_cast<size_t>(i)]);
                }
            }
            const std::string tail = "/axis" + std::to_string(axis) + type;
            cases.push_back({"gather" + tail,
                             "gather",
                             {{x, integers()}, indices},
                             {{"axis", axis}},
                             exact(),
                             {},
                             {0}});
            cases.push_back({"scatter_add" + tail,
                             "scatter_add",
                             {indices, {updates, integers()}},
                             {{"axis", axis}, {"size", 7}},
                             exact(),
                             {},
                             {1}});
            cases.push_back({"scatter_add" + tail + "/random",
                             "scatter_add",
                             {indices, {updates, uniform()}},
                             {{"axis", axis}, {"size", 7}},
                             sum_of(12)});
        }
        for (const Shape& shape : {Shape{129}, Shape{3, 5}, Shape{}})
            cases.push_back({"one_hot/" + shape.to_string() + type,
                             "one_hot",
                             {{shape, integers(-1, 10), index}},
                             {{"depth", 10}},
                             exact()});
    }
    cases.push_back({"one_hot/to_i32",
                     "one_hot",
                     {{{7}, integers(0, 4), DType::I64}},
                     {{"depth", 5}, {"dtype", std::string("i32")}},
                     exact()});
    cases.push_back({"gather/i64_rows",
                     "gather",
                     {{{9, 5}, integers(), DType::I64}, {{13}, integers(0, 8), DType::I64}},
                     {{"axis", 0}},
                     exact()});
}

CONFORMANCE_CASES(random) {
    const Input state{{3}, {}, DType::I64, true};
    for (const Ints& shape : {Ints{1}, Ints{127}, Ints{129, 33}, Ints{3, 5, 7}})
        for (const bool batched : {false, true}) {
            const std::string tail = "/" + Shape(shape).to_string() + (batched ? "batched" : "");
            const Attributes common{
                {"shape", shape}, {"batched", batched}, {"key", int64_t{-7046029254386353131}}};
            const auto with = [&](Attributes more) {
                more.insert(common.begin(), common.end());
                return more;
            };
            cases.push_back({"random_uniform" + tail, "random_uniform", {state}, common, exact()});
            cases.push_back({"random_uniform" + tail + "/scaled",
                             "random_uniform",
                             {state},
                             with({{"low", -0.3}, {"high", 1.7}}),
                             rounded()});
            cases.push_back({"random_bernoulli" + tail,
                             "random_bernoulli",
                             {state},
                             with({{"probability", 0.3}}),
                             exact()});
            cases.push_back({"random_normal" + tail, "random_normal", {state}, common, function()});
            cases.push_back({"random_normal" + tail + "/scaled",
                             "random_normal",
                             {state},
                             with({{"mean", 2.0}, {"stddev", 0.5}}),
                             function()});
            cases.push_back({"random_normal" + tail + "/truncated",
                             "random_normal",
                             {state},
                             with({{"truncated", true}}),
                             function()});
        }
}

} // namespace
} // namespace lamina::conformance
