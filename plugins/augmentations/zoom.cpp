#include "range.hpp"

namespace lamina::plugin {
namespace {

/// Keras's zoom_range: the two directions are drawn apart. Factors above 1 make things smaller.
struct Zoom {
    static constexpr const char* value_key = "range";
    static constexpr int32_t order = order::zoom;

    explicit Zoom(const Config& config) : range(range_around_one(config, "range")) {
        if (range.low <= 0)
            invalid("range: factors must be above 0, got " + config.json("range"));
    }
    Affine affine(const SampleShape&, Draws& draws) const {
        const double x = range.draw(draws);
        return scaling(x, range.draw(draws));
    }

    Range range;
};

LAMINA_AUGMENTATION(zoom, Zoom, range_around_one_schema,
                    "scaled by 1 - z to 1 + z, or LOW:HIGH, width and height apart")

} // namespace
} // namespace lamina::plugin
