#include <catch2/catch.hpp>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "case.hpp"
#include "compare.hpp"
#include "required.hpp"

using namespace lamina;
using namespace lamina::conformance;

namespace {

Tensor floats(const std::vector<float>& values) { return Tensor::from(values); }

} // namespace

TEST_CASE("compare: an exact class takes no difference at all") {
    const Tensor want = floats({1, 2, 3}), got = floats({1, 2, 3.0000002f});
    CHECK(compare(want, want, exact(), "exact").empty());
    CHECK_THAT(compare(got, want, exact(), "exact"), Catch::Contains("element [2]"));
    CHECK(compare(got, want, rounded(), "exact").empty());
}

TEST_CASE("compare: a difference counts beside the tensor's largest value") {
    CHECK(compare(floats({1000, 0.00001f}), floats({1000, 0}), rounded(), "exact").empty());
    CHECK_FALSE(compare(floats({1, 0.00001f}), floats({1, 0}), rounded(), "exact").empty());
}

TEST_CASE("compare: many small differences fail by their mean square") {
    // Each alone is within the bound of the worst element.
    std::vector<float> want(1000, 0.5f);
    want[0] = 1000;
    std::vector<float> got = want;
    got[1] += 0.0002f;
    CHECK(compare(floats(got), floats(want), rounded(), "exact").empty());
    for (size_t i = 2; i < got.size(); ++i)
        got[i] += 0.0002f;
    CHECK_THAT(compare(floats(got), floats(want), rounded(), "exact"),
               Catch::Contains("normalised mean square error"));
}

TEST_CASE("compare: NaN and infinity must stand where the reference has them") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const float inf = std::numeric_limits<float>::infinity();
    CHECK(compare(floats({nan, inf, 1}), floats({nan, inf, 1}), function(), "exact").empty());
    CHECK_FALSE(compare(floats({0, inf, 1}), floats({nan, inf, 1}), function(), "exact").empty());
    CHECK_FALSE(
        compare(floats({nan, -inf, 1}), floats({nan, inf, 1}), function(), "exact").empty());
    CHECK_FALSE(
        compare(floats({nan, inf, nan}), floats({nan, inf, 1}), function(), "exact").empty());
}

TEST_CASE("compare: 64-bit integers are compared whole") {
    const int64_t large = (int64_t{1} << 53) + 1;
    const Tensor want = Tensor::from(std::vector<int64_t>{large});
    const Tensor got = Tensor::from(std::vector<int64_t>{large - 1});
    CHECK_FALSE(compare(got, want, exact(), "exact").empty());
}

TEST_CASE("bound: grows with the square root of the sum's length, more for transforms") {
    const Distance short_sum = bound(sum_of(1), DType::F32, "exact");
    const Distance long_sum = bound(sum_of(10000), DType::F32, "exact");
    CHECK(long_sum.worst / short_sum.worst == Approx(50.5));
    CHECK(bound(sum_of(1), DType::F32, "transformed").worst == Approx(30 * short_sum.worst));
    CHECK(bound(sum_of(1), DType::F16, "exact").worst > 1000 * short_sum.worst);
    CHECK(bound(exact(), DType::F32, "exact").worst == 0);
    CHECK(bound(net_of(400), DType::F32, "").worst ==
          Approx(2 * bound(net_of(100), DType::F32, "").worst));
}

TEST_CASE("make_inputs: a case's inputs depend on its name alone, integers are whole") {
    const Case a{"a", "add", {{{5, 7}, integers(-2, 2)}, {{35}, uniform(3, 4)}}, {}, exact()};
    Case b = a;
    const auto first = make_inputs(a), again = make_inputs(b);
    b.name = "b";
    const auto other = make_inputs(b);
    const auto values = [](const Tensor& t) {
        return std::vector<float>(t.data<float>().begin(), t.data<float>().end());
    };
    CHECK(values(first[0]) == values(again[0]));
    CHECK(values(first[0]) != values(other[0]));
    bool low = false, high = false;
    for (const float v : values(first[0])) {
        CHECK(v == std::floor(v));
        CHECK(std::fabs(v) <= 2);
        low = low || v == -2;
        high = high || v == 2;
    }
    CHECK(low);
    CHECK(high);
    for (const float v : values(first[1]))
        CHECK((v >= 3 && v < 4));
}

TEST_CASE("matches: a star stands for anything, plain text is looked for anywhere") {
    CHECK(matches("conv/3d/random", "3d"));
    CHECK(matches("conv/3d/random", "conv*random"));
    CHECK_FALSE(matches("conv/3d/random", "3d*"));
    CHECK(matches("add/[127][127]", "add/[127][127]"));
}

TEST_CASE("Required: operators, exceptions for all of them, comments") {
    const auto file = std::filesystem::temp_directory_path() / "lamina-required-test.txt";
    std::ofstream(file) << "# a list\nconv # products\nadd\n\nexcept */f64\n";
    const Required required(file.string());
    CHECK(required.operators() == std::vector<std::string>{"conv", "add"});
    CHECK(required.includes("conv", "conv/3d/random"));
    CHECK_FALSE(required.includes("conv", "conv/3d/f64"));
    CHECK_FALSE(required.includes("mul", "mul/[5, 7][7]"));
    std::ofstream(file) << "conv add\n";
    CHECK_THROWS_WITH(Required(file.string()), Catch::Contains("neither an operator nor"));
    std::filesystem::remove(file);
    CHECK_THROWS_WITH(Required(file.string()), Catch::Contains("cannot read"));
}
