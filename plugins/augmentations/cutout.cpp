#include "lamina/plugin/augmentation.hpp"

#include <algorithm>

namespace lamina::plugin {
namespace {

/// DeVries and Taylor (2017): a square, its centre anywhere in the picture, is painted over; what
/// of it lies outside is lost.
struct Cutout {
    static constexpr const char* value_key = "size";
    static constexpr int32_t order = order::cutout;

    explicit Cutout(const Config& config)
        : size(config.integer("size")), count(config.integer("count")),
          value(static_cast<float>(config.number("value"))) {}

    void apply(const Sample& sample, Draws& draws) const {
        const auto [height, width, channels] = sample.shape;
        for (int64_t hole = 0; hole < count; ++hole) {
            const int64_t top = draws.integer(0, height - 1) - size / 2;
            const int64_t left = draws.integer(0, width - 1) - size / 2;
            const int64_t begin = std::max<int64_t>(left, 0), end = std::min(left + size, width);
            for (int64_t y = std::max<int64_t>(top, 0); y < std::min(top + size, height); ++y)
                std::fill(sample.pixel(y, begin), sample.pixel(y, end), value);
        }
    }

  private:
    int64_t size, count;
    float value;
};

LAMINA_AUGMENTATION(cutout, Cutout, R"({
    "size": {"type": "int", "required": true, "min": 1, "max": 65536},
    "count": {"type": "int", "default": 1, "min": 1, "max": 1000},
    "value": {"type": "float", "default": 0}})",
                    "a square of so many pixels painted over")

} // namespace
} // namespace lamina::plugin
