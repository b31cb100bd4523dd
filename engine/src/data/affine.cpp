#include "data/affine.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace lamina {

AffineMatrix operator*(const AffineMatrix& a, const AffineMatrix& b) {
    AffineMatrix product{};
    for (size_t i = 0; i < 3; ++i)
        for (size_t j = 0; j < 3; ++j)
            for (size_t k = 0; k < 3; ++k)
                product[3 * i + j] += a[3 * i + k] * b[3 * k + j];
    return product;
}

namespace {

/// The two pixels between which a coordinate lies along one axis.
struct Taps {
    int32_t low, high;
    float weight; // of the high one
    bool inside;
};

/// std::floor without a call: this code must run on any x86-64.
int64_t floor_of(double x) {
    const auto whole = static_cast<int64_t>(x);
    return whole - (x < static_cast<double>(whole) ? 1 : 0);
}

/// The coordinate at which the picture shows what lies at x; below 0 where there is nothing. The
/// cases are those of SciPy's map_coordinate.
template <FillMode Mode>
double within(double x, int64_t extent) {
    const auto last = static_cast<double>(extent - 1);
    if (x >= 0 && x <= last)
        return x;
    if constexpr (Mode == FillMode::Constant)
        return -1;
    if constexpr (Mode == FillMode::Nearest)
        return x > last ? last : 0; // and what is no number is at 0
    if (extent <= 1 || !(std::abs(x) < 1e15))
        return 0;
    if constexpr (Mode == FillMode::Wrap) {
        if (x < 0)
            return x + last * (std::trunc(-x / last) + 1);
        return x - last * std::trunc(x / last);
    }
    const double period = 2 * static_cast<double>(extent);
    // The mirror lies half a pixel before the first and behind the last one.
    double folded = x + 0.5 - period * std::floor((x + 0.5) / period);
    if (folded > static_cast<double>(extent))
        folded = period - folded;
    return std::clamp(folded - 0.5, 0.0, last);
}

template <FillMode Mode, Interpolation Kind>
Taps taps(double x, int64_t extent) {
    const double at = within<Mode>(x, extent);
    if (at < 0)
        return {0, 0, 0, false};
    if constexpr (Kind == Interpolation::Nearest) {
        const auto pixel = static_cast<int32_t>(std::min(floor_of(at + 0.5), extent - 1));
        return {pixel, pixel, 0, true};
    }
    const int64_t low = floor_of(at);
    return {static_cast<int32_t>(low), static_cast<int32_t>(std::min(low + 1, extent - 1)),
            static_cast<float>(at - static_cast<double>(low)), true};
}

/// From pixels of the result to pixels of the picture.
struct PixelMap {
    double row_by_row, row_by_column, row_offset;
    double column_by_row, column_by_column, column_offset;

    PixelMap(const AffineMatrix& matrix, const PictureSize& size) {
        const double x = static_cast<double>(size.width) / 2 - 0.5;
        const double y = static_cast<double>(size.height) / 2 - 0.5;
        const AffineMatrix m = (AffineMatrix{1, 0, x, 0, 1, y, 0, 0, 1} * matrix) *
                               AffineMatrix{1, 0, -x, 0, 1, -y, 0, 0, 1};
        column_by_column = m[0], column_by_row = m[1], column_offset = m[2];
        row_by_column = m[3], row_by_row = m[4], row_offset = m[5];
    }
    double row(double i, double j) const {
        return (row_by_row * i + row_by_column * j) + row_offset;
    }
    double column(double i, double j) const {
        return (column_by_row * i + column_by_column * j) + column_offset;
    }
};

/// Channels: of a pixel, 0 for any number.
template <FillMode Mode, Interpolation Kind, int64_t Channels>
void sample_picture(const float* source, float* target, const PictureSize& size,
                    const AffineMatrix& matrix, float cval) {
    const int64_t channels = Channels != 0 ? Channels : size.channels;
    const int64_t pitch = size.width * channels;
    const PixelMap map(matrix, size);
    for (int64_t i = 0; i < size.height; ++i) {
        for (int64_t j = 0; j < size.width; ++j, target += channels) {
            const auto y = static_cast<double>(i), x = static_cast<double>(j);
            const Taps row = taps<Mode, Kind>(map.row(y, x), size.height);
            const Taps column = taps<Mode, Kind>(map.column(y, x), size.width);
            if (!row.inside || !column.inside) {
                std::fill_n(target, channels, cval);
                continue;
            }
            const float* top = source + row.low * pitch;
            const int64_t left = column.low * channels, right = column.high * channels;
            if constexpr (Kind == Interpolation::Nearest) {
                std::copy_n(top + left, channels, target);
            } else {
                const float* bottom = source + row.high * pitch;
                const float a = (1 - row.weight) * (1 - column.weight);
                const float b = (1 - row.weight) * column.weight;
                const float c = row.weight * (1 - column.weight);
                const float d = row.weight * column.weight;
                for (int64_t k = 0; k < channels; ++k)
                    target[k] = a * top[left + k] + b * top[right + k] + c * bottom[left + k] +
                                d * bottom[right + k];
            }
        }
    }
}

using Sampler = void (*)(const float*, float*, const PictureSize&, const AffineMatrix&, float);

template <FillMode Mode, Interpolation Kind>
Sampler by_channels(int64_t channels) {
    switch (channels) {
    case 1:
        return sample_picture<Mode, Kind, 1>;
    case 3:
        return sample_picture<Mode, Kind, 3>;
    case 4:
        return sample_picture<Mode, Kind, 4>;
    default:
        return sample_picture<Mode, Kind, 0>;
    }
}

template <FillMode Mode>
Sampler by_interpolation(Interpolation interpolation, int64_t channels) {
    return interpolation == Interpolation::Nearest
               ? by_channels<Mode, Interpolation::Nearest>(channels)
               : by_channels<Mode, Interpolation::Bilinear>(channels);
}

Sampler sampler(const Filling& filling, int64_t channels) {
    switch (filling.mode) {
    case FillMode::Constant:
        return by_interpolation<FillMode::Constant>(filling.interpolation, channels);
    case FillMode::Reflect:
        return by_interpolation<FillMode::Reflect>(filling.interpolation, channels);
    case FillMode::Wrap:
        return by_interpolation<FillMode::Wrap>(filling.interpolation, channels);
    case FillMode::Nearest:
        break;
    }
    return by_interpolation<FillMode::Nearest>(filling.interpolation, channels);
}

} // namespace

void sample_affine(const float* source, float* target, const PictureSize& size,
                   const AffineMatrix& matrix, const Filling& filling) {
    sampler(filling, size.channels)(source, target, size, matrix, filling.cval);
}

} // namespace lamina
