#include "range.hpp"

#include <algorithm>

namespace lamina::plugin {
namespace {

/// As Pillow's ImageEnhance.Brightness: a mixture with black, cut to whole numbers.
float brightened(uint8_t value, float factor) {
    return static_cast<float>(
        static_cast<int>(std::clamp(factor * static_cast<float>(value), 0.0f, 255.0f)));
}

/// Keras's brightness_range. The picture becomes 8-bit on the way, as it does there; one that goes
/// beyond 0 to 255 is scaled to it and back. The fourth channel is transparency, and stays.
struct Brightness {
    static constexpr const char* value_key = "range";
    static constexpr int32_t order = order::brightness;

    explicit Brightness(const Config& config) : range(range_around_one(config, "range")) {
        if (range.low < 0)
            invalid("range: factors must be at least 0, got " + config.json("range"));
    }
    void apply(const Sample& sample, Draws& draws) const {
        const auto factor = static_cast<float>(range.draw(draws));
        const auto [low, high] = std::minmax_element(sample.values.begin(), sample.values.end());
        const float least = *low, largest = *high;
        const bool beyond = least < 0 || largest > 255;
        // What is the same everywhere cannot be spread, and becomes 0.
        const float spread = largest > least ? largest - least : 1;
        for (size_t i = 0; i < sample.values.size(); ++i) {
            float& v = sample.values[i];
            const float scaled = beyond ? (v - least) / spread * 255 : v;
            const auto byte = static_cast<uint8_t>(scaled);
            const bool alpha = sample.shape.channels == 4 && i % 4 == 3;
            const float bright = alpha ? static_cast<float>(byte) : brightened(byte, factor);
            v = beyond ? bright / 255 * (largest - least) + least : bright;
        }
    }

    Range range;
};

LAMINA_AUGMENTATION(brightness, Brightness, range_around_one_schema,
                    "times 1 - b to 1 + b, or LOW:HIGH")

} // namespace
} // namespace lamina::plugin
