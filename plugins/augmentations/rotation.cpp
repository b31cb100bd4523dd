#include "lamina/plugin/augmentation.hpp"

#include <cmath>

namespace lamina::plugin {
namespace {

/// Turns by an angle of up to `degrees` either way: Keras's rotation_range.
struct Rotation {
    static constexpr const char* value_key = "degrees";
    static constexpr int32_t order = order::rotation;

    explicit Rotation(const Config& config) : degrees(config.number("degrees")) {}
    Affine affine(const SampleShape&, Draws& draws) const {
        const double angle = radians(draws.uniform(-degrees, degrees));
        const double c = std::cos(angle), s = std::sin(angle);
        return {c, -s, 0, s, c, 0, 0, 0, 1};
    }

    double degrees;
};

LAMINA_AUGMENTATION(rotation, Rotation,
                    R"({"degrees": {"type": "float", "required": true, "min": 0, "max": 180}})",
                    "turned by up to so many degrees either way")

} // namespace
} // namespace lamina::plugin
