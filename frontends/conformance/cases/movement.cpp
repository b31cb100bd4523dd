// Movement, indexing and random draws.
#include <algorithm>
#include <numeric>

#include "case.hpp"
#include "cases/shapes.hpp"

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

/// One case in f32, with its gradient.
void add_real(Cases& cases, const std::string& op, const std::string& name,
              const std::vector<Shape>& shapes, const Attributes& attrs) {
    std::vector<Input> inputs;
    std::vector<size_t> all;
    for (const Shape& shape : shapes) {
        all.push_back(inputs.size());
        inputs.push_back({shape, uniform()});
    }
    cases.push_back({op + "/" + name, op, inputs, attrs, exact(), {}, all});
}

Ints list(const Shape& shape) { return {shape.begin(), shape.end()}; }

CONFORMANCE_CASES(reshape) {
    add(cases, "reshape", "[6, 35]", {{2, 3, 5, 7}}, {{"shape", Ints{6, 35}}});
    for (const Shape& x : odd_shapes()) {
        const Ints flat = x.rank() == 1 ? Ints{1, x[0], 1} : Ints{x.elements()};
        add_real(cases, "reshape", x.to_string() + "to" + Shape(flat).to_string(), {x},
                 {{"shape", flat}});
    }
}

CONFORMANCE_CASES(broadcast_to) {
    add(cases, "broadcast_to", "[5]to[3, 5]", {{5}}, {{"shape", Ints{3, 5}}});
    add(cases, "broadcast_to", "[]to[129]", {{}}, {{"shape", Ints{129}}});
    add(cases, "broadcast_to", "[2, 1, 7]to[3, 2, 5, 7]", {{2, 1, 7}},
        {{"shape", Ints{3, 2, 5, 7}}});
    std::vector<std::pair<Shape, Shape>> pairs{{{}, {1}},
                                               {{1}, {127}},
                                               {{1}, {128}},
                                               {{1, 1}, {129, 33}},
                                               {{33}, {129, 33}},
                                               {{129, 1}, {129, 33}},
                                               {{10}, {128, 10}},
                                               {{20}, {1, 28, 28, 20}},
                                               {{64}, {2, 7, 7, 64}},
                                               {{64, 1, 1}, {2, 64, 7, 7}},
                                               {{2, 1, 1, 32}, {2, 17, 17, 32}},
                                               {{2, 17, 17, 1}, {2, 17, 17, 5}},
                                               {{1, 3, 1, 5, 1}, {2, 3, 2, 5, 3}}};
    const Shape whole{2, 3, 5, 7};
    for (int ones = 0; ones < 16; ++ones) { // every choice of dimensions that stretch
        Shape x = whole;
        for (size_t i = 0; i < 4; ++i)
            if ((ones >> i & 1) != 0)
                x[i] = 1;
        pairs.emplace_back(x, whole);
    }
    for (const auto& [x, y] : pairs)
        add_real(cases, "broadcast_to", x.to_string() + "to" + y.to_string(), {x},
                 {{"shape", list(y)}});
}

CONFORMANCE_CASES(transpose) {
    add(cases, "transpose", "matrix", {{127, 33}}, {{"perm", Ints{1, 0}}});
    add(cases, "transpose", "nhwc_to_nchw", {{2, 5, 7, 3}}, {{"perm", Ints{0, 3, 1, 2}}});
    add(cases, "transpose", "nchw_to_nhwc", {{2, 3, 5, 7}}, {{"perm", Ints{0, 2, 3, 1}}});
    add(cases, "transpose", "reverse", {{2, 3, 4, 5, 3}}, {{"perm", Ints{4, 3, 2, 1, 0}}});
    add(cases, "transpose", "identity", {{7, 5}}, {{"perm", Ints{0, 1}}});
    for (const Shape& x : {Shape{127}, Shape{129, 33}, Shape{13, 7, 31}, Shape{3, 5, 2, 17}}) {
        Ints perm(x.rank());
        std::iota(perm.begin(), perm.end(), 0);
        do
            add_real(cases, "transpose", x.to_string() + "by" + Shape(perm).to_string(), {x},
                     {{"perm", perm}});
        while (std::next_permutation(perm.begin(), perm.end()));
    }
}

CONFORMANCE_CASES(pad) {
    add(cases, "pad", "all", {{3, 5, 2}}, {{"low", Ints{1, 0, 2}}, {"high", Ints{0, 3, 1}}});
    add(cases, "pad", "value", {{127}}, {{"low", Ints{1}}, {"high", Ints{2}}, {"value", 3.0}});
    for (const Shape& x : odd_shapes()) {
        Ints low, high;
        for (size_t i = 0; i < x.rank(); ++i) { // 0 to 2 before, 0 to 3 after
            low.push_back((x[i] + static_cast<int64_t>(i)) % 3);
            high.push_back((x[i] + 2 * static_cast<int64_t>(i) + 1) % 4);
        }
        add_real(cases, "pad", x.to_string(), {x}, {{"low", low}, {"high", high}});
    }
}

CONFORMANCE_CASES(slice) {
    add(cases, "slice", "part", {{5, 7, 3}}, {{"begin", Ints{1, 2, 0}}, {"size", Ints{3, 4, 3}}});
    add(cases, "slice", "strided", {{11, 9}},
        {{"begin", Ints{1, 8}}, {"size", Ints{4, 3}}, {"strides", Ints{3, -4}}});
    add(cases, "slice", "one", {{127}}, {{"begin", Ints{126}}, {"size", Ints{1}}});
    for (const Shape& x : odd_shapes()) {
        Ints begin, size, strides;
        for (size_t i = 0; i < x.rank(); ++i) {
            const int64_t d = x[i], stride = Ints{1, 2, -1, -2}[(i + x.rank()) % 4];
            begin.push_back(stride < 0 ? d - 1 : d / 3);
            strides.push_back(stride);
            const int64_t room = stride < 0 ? d : d - d / 3;
            size.push_back((room + std::abs(stride) - 1) / std::abs(stride));
        }
        add_real(cases, "slice", x.to_string() + "by" + Shape(strides).to_string(), {x},
                 {{"begin", begin}, {"size", size}, {"strides", strides}});
    }
}

CONFORMANCE_CASES(concat) {
    add(cases, "concat", "two", {{3, 5}, {3, 2}}, {{"axis", 1}});
    add(cases, "concat", "first_axis", {{1, 7}, {3, 7}, {2, 7}}, {{"axis", 0}});
    add(cases, "concat", "channels", {{2, 3, 3, 5}, {2, 3, 3, 1}, {2, 3, 3, 7}, {2, 3, 3, 2}},
        {{"axis", -1}});
    add(cases, "concat", "one", {{3, 5}}, {{"axis", 0}});
    add_real(cases, "concat", "inception_mixed",
             {{1, 35, 35, 64}, {1, 35, 35, 64}, {1, 35, 35, 96}, {1, 35, 35, 32}}, {{"axis", -1}});
    for (const Shape& base : {Shape{3}, Shape{3, 5}, Shape{3, 5, 2}, Shape{3, 5, 2, 7}})
        for (size_t axis = 0; axis < base.rank(); ++axis)
            for (const Ints& parts : {Ints{1, 1}, Ints{5, 2}, Ints{127, 1, 3}, Ints{2, 3, 5, 7}}) {
                std::vector<Shape> shapes;
                for (const int64_t part : parts) {
                    shapes.push_back(base);
                    shapes.back()[axis] = part;
                }
                add_real(cases, "concat",
                         base.to_string() + "axis" + std::to_string(axis) + "of" +
                             Shape(parts).to_string(),
                         shapes, {{"axis", static_cast<int64_t>(axis)}});
            }
}

/// gather and scatter_add along one axis of x by the same indices.
void add_indexing(Cases& cases, const Shape& x, size_t axis, const Input& indices) {
    Shape updates;
    for (size_t i = 0; i < x.rank(); ++i)
        if (i != axis)
            updates.push_back(x[i]);
        else
            for (const int64_t d : indices.shape)
                updates.push_back(d);
    const std::string tail = "/" + x.to_string() + "axis" + std::to_string(axis) + "at" +
                             indices.shape.to_string() + "/" + std::string(name(indices.dtype));
    const Attributes along{{"axis", static_cast<int64_t>(axis)}};
    cases.push_back(
        {"gather" + tail, "gather", {{x, integers()}, indices}, along, exact(), {}, {0}});
    const Attributes back{{"axis", static_cast<int64_t>(axis)}, {"size", x[axis]}};
    cases.push_back({"scatter_add" + tail,
                     "scatter_add",
                     {indices, {updates, integers()}},
                     back,
                     exact(),
                     {},
                     {1}});
    cases.push_back({"scatter_add" + tail + "/random",
                     "scatter_add",
                     {indices, {updates, uniform()}},
                     back,
                     sum_of(static_cast<double>(indices.shape.elements()))});
}

CONFORMANCE_CASES(indexing) {
    for (const DType index : {DType::I32, DType::I64}) {
        for (const Shape& x : {Shape{7}, Shape{127, 3}, Shape{5, 6, 4}})
            for (size_t axis = 0; axis < x.rank(); ++axis)
                for (const Shape& at : {Shape{}, Shape{1}, Shape{4, 3}})
                    // From -1 to one too far: an index outside reads zeros and adds nothing.
                    add_indexing(cases, x, axis,
                                 {at, integers(-1, static_cast<double>(x[axis])), index});
        for (const Shape& shape :
             {Shape{}, Shape{1}, Shape{127}, Shape{128}, Shape{129}, Shape{3, 5}, Shape{2, 1, 3}})
            for (const int64_t depth : {1, 10, 129})
                cases.push_back({"one_hot/" + shape.to_string() + "depth" + std::to_string(depth) +
                                     "/" + std::string(name(index)),
                                 "one_hot",
                                 {{shape, integers(-1, static_cast<double>(depth)), index}},
                                 {{"depth", depth}},
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
    for (const Ints& shape : {Ints{1}, Ints{2}, Ints{3}, Ints{127}, Ints{128}, Ints{129, 33},
                              Ints{3, 5, 7}, Ints{2, 14, 14, 3}})
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
            for (const int64_t percent : {30, 50})
                cases.push_back({"random_bernoulli" + tail + "/" + std::to_string(percent) + "%",
                                 "random_bernoulli",
                                 {state},
                                 with({{"probability", static_cast<double>(percent) / 100}}),
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
