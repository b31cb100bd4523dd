#include <cmath>
#include <numbers>

#include "data/affine.hpp"
#include "golden.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {

double given(const Golden& golden, const char* key, double otherwise = 0) {
    return golden.info.contains(key) ? golden.info.at(key).get<double>() : otherwise;
}

/// Keras's matrix of fixed parameters.
AffineMatrix matrix_of(const Golden& golden) {
    const auto radians = [](double degrees) { return degrees * std::numbers::pi / 180; };
    const double theta = radians(given(golden, "theta")), shear = radians(given(golden, "shear"));
    const AffineMatrix rotation{
        std::cos(theta), -std::sin(theta), 0, std::sin(theta), std::cos(theta), 0, 0, 0, 1};
    const AffineMatrix shift{1, 0, given(golden, "tx"), 0, 1, given(golden, "ty"), 0, 0, 1};
    const AffineMatrix sheared{1, -std::sin(shear), 0, 0, std::cos(shear), 0, 0, 0, 1};
    const AffineMatrix zoom{given(golden, "zx", 1), 0, 0, 0, given(golden, "zy", 1), 0, 0, 0, 1};
    return rotation * shift * sheared * zoom;
}

std::vector<float> sampled(const Tensor& x, const AffineMatrix& matrix, const Filling& filling) {
    std::vector<float> y(x.data<float>().size());
    sample_affine(x.data<float>().data(), y.data(), {x.shape()[0], x.shape()[1], x.shape()[2]},
                  matrix, filling);
    return y;
}

std::vector<float> row(const std::vector<float>& pixels, const AffineMatrix& matrix,
                       const Filling& filling) {
    return sampled(Tensor::from(pixels, Shape{1, static_cast<int64_t>(pixels.size()), 1}), matrix,
                   filling);
}

constexpr FillMode kModes[] = {FillMode::Constant, FillMode::Nearest, FillMode::Reflect,
                               FillMode::Wrap};
constexpr const char* kModeNames[] = {"constant", "nearest", "reflect", "wrap"};

} // namespace

TEST_CASE("affine: every fill mode and interpolation gives what Keras's apply_affine_transform "
          "gives") {
    int checked = 0;
    for (const Golden& golden : read_goldens("augmentation")) {
        if (golden.kind() != "affine")
            continue;
        for (size_t m = 0; m < 4; ++m)
            for (const Interpolation interpolation :
                 {Interpolation::Nearest, Interpolation::Bilinear}) {
                const Filling filling{kModes[m], static_cast<float>(given(golden, "cval")),
                                      interpolation};
                const std::string name = std::string(kModeNames[m]) + "_" +
                                         (interpolation == Interpolation::Nearest ? "0" : "1");
                INFO(golden.name() << " " << name);
                const auto y = sampled(golden["x"], matrix_of(golden), filling);
                const auto expected = golden[name].data<float>();
                float worst = 0;
                for (size_t i = 0; i < y.size(); ++i)
                    worst = std::max(worst, std::abs(y[i] - expected[i]));
                CHECK(worst < 1e-4f); // of values up to 255
                ++checked;
            }
    }
    CHECK(checked == 7 * 6 * 8);
}

TEST_CASE("affine: the identity changes no bit") {
    const std::vector<float> pixels{1, 2.5f, -3, 1e-20f, 255};
    for (const FillMode mode : kModes)
        CHECK(row(pixels, kIdentity, {mode, 0, Interpolation::Bilinear}) == pixels);
}

TEST_CASE("affine: beyond its edges a row goes on as its fill mode says") {
    const std::vector<float> abcd{1, 2, 3, 4};
    const auto moved = [&](double by, FillMode mode) {
        return row(abcd, {1, 0, by, 0, 1, 0, 0, 0, 1}, {mode, 9, Interpolation::Bilinear});
    };
    using Row = std::vector<float>;
    CHECK(moved(2, FillMode::Constant) == Row{3, 4, 9, 9});
    CHECK(moved(2, FillMode::Nearest) == Row{3, 4, 4, 4});
    CHECK(moved(2, FillMode::Reflect) == Row{3, 4, 4, 3});
    CHECK(moved(2, FillMode::Wrap) == Row{3, 4, 2, 3});
    CHECK(moved(-2, FillMode::Constant) == Row{9, 9, 1, 2});
    CHECK(moved(-2, FillMode::Nearest) == Row{1, 1, 1, 2});
    CHECK(moved(-2, FillMode::Reflect) == Row{2, 1, 1, 2});
    CHECK(moved(-2, FillMode::Wrap) == Row{2, 3, 1, 2});
    CHECK(moved(7, FillMode::Reflect) == Row{1, 1, 2, 3});
}

TEST_CASE("affine: absurd matrices read nothing outside the picture") {
    const Tensor x = Tensor::from(std::vector<float>(3 * 5 * 2, 8), Shape{3, 5, 2});
    for (const FillMode mode : kModes)
        for (const double huge : {1e9, 1e18, 1e300, -1e300, std::nan("")})
            for (const Interpolation kind : {Interpolation::Nearest, Interpolation::Bilinear})
                for (const float v :
                     sampled(x, {huge, 1, huge, 0, huge, -huge, 0, 0, 1}, {mode, 8, kind}))
                    CHECK(v == Approx(8));
}
