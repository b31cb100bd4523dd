#include "lamina/plugin/augmentation.hpp"

#include <algorithm>

namespace lamina::plugin {
namespace {

/// Padded on every side, then cropped to its size at a random place: He et al. (2016), section 4.2.
struct Crop {
    static constexpr const char* value_key = "padding";
    static constexpr int32_t order = order::crop;

    explicit Crop(const Config& config)
        : padding(config.integer("padding")), reflect(config.string("mode") == "reflect"),
          value(static_cast<float>(config.number("value"))) {}

    void apply(const Sample& sample, Draws& draws) const {
        const int64_t down = draws.integer(-padding, padding);
        const int64_t right = draws.integer(-padding, padding);
        const std::vector<float> whole(sample.values.begin(), sample.values.end());
        const auto [height, width, channels] = sample.shape;
        for (int64_t y = 0; y < height; ++y)
            for (int64_t x = 0; x < width; ++x) {
                const int64_t row = source(y + down, height), column = source(x + right, width);
                if (row < 0 || column < 0)
                    std::fill_n(sample.pixel(y, x), channels, value);
                else
                    std::copy_n(whole.data() + (row * width + column) * channels, channels,
                                sample.pixel(y, x));
            }
    }

  private:
    /// The pixel that shows at this place; -1: the value of the padding.
    int64_t source(int64_t at, int64_t extent) const {
        if (at >= 0 && at < extent)
            return at;
        if (!reflect)
            return -1;
        at = ((at % (2 * extent)) + 2 * extent) % (2 * extent); // dcba|abcd|dcba
        return std::min(at, 2 * extent - 1 - at);
    }

    int64_t padding;
    bool reflect;
    float value;
};

LAMINA_AUGMENTATION(crop, Crop, R"({
    "padding": {"type": "int", "required": true, "min": 0, "max": 65536},
    "mode": {"type": "string", "default": "constant", "enum": ["constant", "reflect"]},
    "value": {"type": "float", "default": 0}})",
                    "padded by so many pixels, then cropped to its size somewhere")

} // namespace
} // namespace lamina::plugin
