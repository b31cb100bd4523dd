/// Keras's horizontal_flip and vertical_flip: half of the pictures.
#include "lamina/plugin/augmentation.hpp"

#include <algorithm>

namespace lamina::plugin {
namespace {

struct HorizontalFlip {
    static constexpr int32_t order = order::horizontal_flip;

    explicit HorizontalFlip(const Config&) {}
    void apply(const Sample& sample, Draws& draws) const {
        if (!draws.coin())
            return;
        const auto [height, width, channels] = sample.shape;
        for (int64_t y = 0; y < height; ++y)
            for (int64_t left = 0, right = width - 1; left < right; ++left, --right)
                std::swap_ranges(sample.pixel(y, left), sample.pixel(y, left) + channels,
                                 sample.pixel(y, right));
    }
};

struct VerticalFlip {
    static constexpr int32_t order = order::vertical_flip;

    explicit VerticalFlip(const Config&) {}
    void apply(const Sample& sample, Draws& draws) const {
        if (!draws.coin())
            return;
        for (int64_t top = 0, bottom = sample.shape.height - 1; top < bottom; ++top, --bottom)
            std::swap_ranges(sample.pixel(top, 0), sample.pixel(top + 1, 0),
                             sample.pixel(bottom, 0));
    }
};

LAMINA_AUGMENTATION(horizontal_flip, HorizontalFlip, "{}", "half of the pictures mirrored")
LAMINA_AUGMENTATION(vertical_flip, VerticalFlip, "{}", "half of the pictures upside down")

} // namespace
} // namespace lamina::plugin
