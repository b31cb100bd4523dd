/// Sampling a picture through an affine matrix.
#pragma once

#include <array>
#include <cstdint>

namespace lamina {

/// Where a picture is continued beyond its edges. Of a row abcd:
///     constant  ....|abcd|....  (cval)
///     nearest   aaaa|abcd|dddd
///     reflect   dcba|abcd|dcba
///     wrap        bc|abcd|bca   the last pixel lies on the next copy's first: the period is one
///     less
///                               than the extent, as in SciPy's "wrap", on which Keras rests
enum class FillMode { Constant, Nearest, Reflect, Wrap };
enum class Interpolation { Nearest, Bilinear };

struct Filling {
    FillMode mode = FillMode::Nearest;
    float cval = 0;
    Interpolation interpolation = Interpolation::Bilinear;
};

struct PictureSize {
    int64_t height, width, channels;
};

/// Row-major 3x3: takes (x, y, 1) of the result to the picture's, x to the right, y down, in pixels
/// from the centre, which lies at ((width - 1) / 2, (height - 1) / 2).
using AffineMatrix = std::array<double, 9>;

constexpr AffineMatrix kIdentity{1, 0, 0, 0, 1, 0, 0, 0, 1};

AffineMatrix operator*(const AffineMatrix& a, const AffineMatrix& b);

/// source, target: [H, W, C], apart from each other. Coordinates are worked out in double precision
/// and in the order of SciPy's affine_transform, so that a pixel on the edge falls on the same
/// side.
void sample_affine(const float* source, float* target, const PictureSize& size,
                   const AffineMatrix& matrix, const Filling& filling);

} // namespace lamina
