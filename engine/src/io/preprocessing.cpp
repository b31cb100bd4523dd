#include "lamina/preprocessing.hpp"

#include <array>
#include <iterator>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/text.hpp"

namespace lamina {

namespace {

const std::vector<std::string> kNames{"raw", "unit", "tf", "caffe", "torch"};

struct Affine {
    float subtracted, scale;
};

void each_channel(std::span<float> pixels, const std::array<Affine, 3>& channels) {
    for (size_t i = 0; i < pixels.size(); ++i)
        pixels[i] = (pixels[i] - channels[i % 3].subtracted) * channels[i % 3].scale;
}

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

void preprocess(std::span<float> pixels, int channels, Preprocessing how) {
    switch (how) {
    case Preprocessing::Raw:
        return;
    case Preprocessing::Unit:
        for (float& v : pixels)
            v /= 255.0f;
        return;
    case Preprocessing::Tf:
        for (float& v : pixels)
            v = v / 127.5f - 1.0f;
        return;
    case Preprocessing::Caffe:
        expect_rgb(channels, how);
        for (size_t i = 0; i + 2 < pixels.size(); i += 3)
            std::swap(pixels[i], pixels[i + 2]);
        return each_channel(pixels, {{{103.939f, 1}, {116.779f, 1}, {123.68f, 1}}});
    case Preprocessing::Torch:
        expect_rgb(channels, how);
        return each_channel(pixels, {{{255 * 0.485f, 1 / (255 * 0.229f)},
                                      {255 * 0.456f, 1 / (255 * 0.224f)},
                                      {255 * 0.406f, 1 / (255 * 0.225f)}}});
    }
}

} // namespace lamina
