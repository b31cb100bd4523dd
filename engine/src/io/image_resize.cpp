#include "lamina/error.hpp"
#include "lamina/image.hpp"

#include <algorithm>
#include <cmath>

namespace lamina {
namespace {

// Pillow's arithmetic (libImaging/Resample.c), so that a picture prepared here and one prepared by
// Keras are the same bits: coefficients in fixed point with 22 fraction bits, one pass along each
// axis, 8 bits in between.
constexpr int kFraction = 22;

/// What one output position takes from the input: positions first, first + 1, ...
struct Taps {
    int first = 0;
    std::vector<std::int32_t> weights;
};

std::vector<Taps> triangle_taps(int from, int to) {
    const double scale = static_cast<double>(from) / to;
    const double support = std::max(scale, 1.0);
    std::vector<Taps> all(static_cast<std::size_t>(to));
    std::vector<double> weights;
    for (int i = 0; i < to; ++i) {
        const double center = (i + 0.5) * scale;
        const int first = std::max(0, static_cast<int>(center - support + 0.5));
        const int end = std::min(from, static_cast<int>(center + support + 0.5));
        weights.clear();
        double sum = 0;
        for (int x = first; x < end; ++x) {
            const double distance = std::abs((x - center + 0.5) * (1.0 / support));
            weights.push_back(distance < 1.0 ? 1.0 - distance : 0.0);
            sum += weights.back();
        }
        Taps& taps = all[static_cast<std::size_t>(i)];
        taps.first = first;
        for (const double weight : weights)
            taps.weights.push_back(
                static_cast<std::int32_t>(0.5 + weight / sum * (1 << kFraction)));
    }
    return all;
}

/// Applies taps along one axis: `lines` lines of `length` positions that lie `step` bytes apart.
struct Axis {
    std::size_t step;
    std::size_t line_step;
    std::size_t lines;
};

void apply(const std::vector<Taps>& taps, const std::uint8_t* from, Axis in, std::uint8_t* to,
           Axis out, std::size_t channels) {
    for (std::size_t line = 0; line < in.lines; ++line)
        for (std::size_t i = 0; i < taps.size(); ++i)
            for (std::size_t c = 0; c < channels; ++c) {
                const std::uint8_t* source = from + line * in.line_step + c +
                                             static_cast<std::size_t>(taps[i].first) * in.step;
                std::int32_t sum = 1 << (kFraction - 1);
                for (const std::int32_t weight : taps[i].weights) {
                    sum += *source * weight;
                    source += in.step;
                }
                to[line * out.line_step + i * out.step + c] =
                    static_cast<std::uint8_t>(std::clamp(sum >> kFraction, 0, 255));
            }
}

Image empty_like(const Image& image, int width, int height) {
    Image result{width, height, image.channels, {}};
    result.pixels.resize(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) *
                         static_cast<std::size_t>(image.channels));
    return result;
}

Image resize_bilinear(const Image& image, int width, int height) {
    const auto channels = static_cast<std::size_t>(image.channels);
    Image wide = image;
    if (width != image.width) {
        wide = empty_like(image, width, image.height);
        const auto lines = static_cast<std::size_t>(image.height);
        apply(triangle_taps(image.width, width), image.pixels.data(),
              {channels, static_cast<std::size_t>(image.width) * channels, lines},
              wide.pixels.data(), {channels, static_cast<std::size_t>(width) * channels, lines},
              channels);
    }
    if (height == image.height)
        return wide;
    Image result = empty_like(image, width, height);
    const std::size_t row = static_cast<std::size_t>(width) * channels;
    const Axis columns{row, channels, static_cast<std::size_t>(width)};
    apply(triangle_taps(image.height, height), wide.pixels.data(), columns, result.pixels.data(),
          columns, channels);
    return result;
}

Image resize_nearest(const Image& image, int width, int height) {
    const auto channels = static_cast<std::size_t>(image.channels);
    Image result = empty_like(image, width, height);
    const double x_scale = static_cast<double>(image.width) / width;
    const double y_scale = static_cast<double>(image.height) / height;
    std::uint8_t* to = result.pixels.data();
    for (int y = 0; y < height; ++y) {
        const int from_y = std::min(static_cast<int>((y + 0.5) * y_scale), image.height - 1);
        for (int x = 0; x < width; ++x) {
            const int from_x = std::min(static_cast<int>((x + 0.5) * x_scale), image.width - 1);
            const std::size_t at =
                (static_cast<std::size_t>(from_y) * static_cast<std::size_t>(image.width) +
                 static_cast<std::size_t>(from_x)) *
                channels;
            to = std::copy_n(&image.pixels[at], channels, to);
        }
    }
    return result;
}

} // namespace

Image resize(const Image& image, int width, int height, Resampling method) {
    if (width < 1 || height < 1)
        throw Error(StatusCode::InvalidArgument, "cannot resize a picture to " +
                                                     std::to_string(width) + "x" +
                                                     std::to_string(height));
    if (width == image.width && height == image.height)
        return image;
    return method == Resampling::Nearest ? resize_nearest(image, width, height)
                                         : resize_bilinear(image, width, height);
}

} // namespace lamina
