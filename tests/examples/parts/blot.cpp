// DeVries and Taylor (2017): a square of each picture is blotted out.
#include <algorithm>

#include "lamina/plugin/augmentation.hpp"

using namespace lamina::plugin;

namespace {

struct Blot {
    static constexpr const char* value_key = "size"; // --augment blot=8
    static constexpr int32_t order = order::cutout;

    explicit Blot(const Config& config)
        : size(config.integer("size")), value(static_cast<float>(config.number("value"))) {}

    /// The square's centre lies anywhere in the picture, so that parts of it may lie outside.
    void apply(const Sample& sample, Draws& draws) const {
        const auto& [height, width, channels] = sample.shape;
        const int64_t top = draws.integer(0, height - 1) - size / 2,
                      left = draws.integer(0, width - 1) - size / 2;
        for (int64_t y = std::max<int64_t>(top, 0); y < std::min(top + size, height); ++y)
            for (int64_t x = std::max<int64_t>(left, 0); x < std::min(left + size, width); ++x)
                std::fill_n(sample.pixel(y, x), channels, value);
    }

    int64_t size;
    float value;
};

} // namespace

LAMINA_AUGMENTATION(blot, Blot, R"({"size": {"type": "int", "min": 1, "default": 8},
                                    "value": {"type": "float", "default": 0}})",
                    "a square blotted out")
