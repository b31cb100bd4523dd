#include "lamina/preprocessing.hpp"

#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/text.hpp"

namespace lamina {

namespace {

const std::vector<std::string> kNames{"raw", "unit", "tf", "caffe", "torch"};

void expect_rgb(int channels, Preprocessing how) {
    if (channels != 3)
        throw UsageError(
            fmt::format("preprocessing `{}` is for pictures of 3 channels, the model's "
                        "have {}",
                        kNames[static_cast<size_t>(how)], channels));
}

} // namespace

Preprocessing parse_preprocessing(const std::string& name) {
    for (size_t i = 0; i < kNames.size(); ++i)
        if (kNames[i] == name)
            return static_cast<Preprocessing>(i);
    const std::string guess = nearest(name, kNames);
    throw UsageError(fmt::format("there is no preprocessing `{}`{}; there are: {}", name,
                                 guess.empty() ? "" : fmt::format(", did you mean `{}`?", guess),
                                 join(kNames, ", ")));
}

ChannelMap channel_map(Preprocessing how, int channels) {
    const auto alike = [&](float scale, float shift) {
        const auto n = static_cast<size_t>(channels);
        return ChannelMap{false, std::vector(n, scale), std::vector(n, shift)};
    };
    switch (how) {
    case Preprocessing::Raw:
        return alike(1, 0);
    case Preprocessing::Unit:
        return alike(1 / 255.0f, 0);
    case Preprocessing::Tf:
        return alike(1 / 127.5f, -1);
    case Preprocessing::Caffe:
        expect_rgb(channels, how);
        return {true, {1, 1, 1}, {-103.939f, -116.779f, -123.68f}};
    default:
        expect_rgb(channels, how);
        return {false,
                {1 / (255 * 0.229f), 1 / (255 * 0.224f), 1 / (255 * 0.225f)},
                {-0.485f / 0.229f, -0.456f / 0.224f, -0.406f / 0.225f}};
    }
}

void preprocess(std::span<float> pixels, int channels, Preprocessing how) {
    const ChannelMap map = channel_map(how, channels);
    const auto n = static_cast<size_t>(channels);
    for (size_t i = 0; i + n <= pixels.size(); i += n) {
        if (map.reversed)
            std::reverse(pixels.begin() + static_cast<ptrdiff_t>(i),
                         pixels.begin() + static_cast<ptrdiff_t>(i + n));
        for (size_t c = 0; c < n; ++c)
            pixels[i + c] = pixels[i + c] * map.scale[c] + map.shift[c];
    }
}

} // namespace lamina
