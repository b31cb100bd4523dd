#include "range.hpp"

#include <algorithm>

namespace lamina::plugin {
namespace {

/// Keras's RandomContrast: (x - mean) * factor + mean for each channel, within 0 to 255.
struct Contrast {
    static constexpr const char* value_key = "range";
    static constexpr int32_t order = order::colour;

    explicit Contrast(const Config& config) : range(range_around_one(config, "range")) {
        if (range.low < 0)
            invalid("range: factors must be at least 0, got " + config.json("range"));
    }
    void apply(const Sample& sample, Draws& draws) const {
        const auto factor = static_cast<float>(range.draw(draws));
        const auto channels = static_cast<size_t>(sample.shape.channels);
        for (size_t c = 0; c < channels; ++c) {
            double sum = 0;
            for (size_t i = c; i < sample.values.size(); i += channels)
                sum += static_cast<double>(sample.values[i]);
            const auto mean = static_cast<float>(
                sum / static_cast<double>(sample.shape.height * sample.shape.width));
            for (size_t i = c; i < sample.values.size(); i += channels)
                sample.values[i] =
                    std::clamp((sample.values[i] - mean) * factor + mean, 0.0f, 255.0f);
        }
    }

    Range range;
};

LAMINA_AUGMENTATION(contrast, Contrast, range_around_one_schema,
                    "the distance from each channel's mean times 1 - c to 1 + c, or LOW:HIGH")

} // namespace
} // namespace lamina::plugin
