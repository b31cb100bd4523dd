#include "lamina/plugin/augmentation.hpp"

#include <cmath>

namespace lamina::plugin {
namespace {

/// Keras's shear_range, in degrees.
struct Shear {
    static constexpr const char* value_key = "degrees";
    static constexpr int32_t order = order::shear;

    explicit Shear(const Config& config) : degrees(config.number("degrees")) {}
    Affine affine(const SampleShape&, Draws& draws) const {
        const double angle = radians(draws.uniform(-degrees, degrees));
        return {1, -std::sin(angle), 0, 0, std::cos(angle), 0, 0, 0, 1};
    }

    double degrees;
};

LAMINA_AUGMENTATION(shear, Shear,
                    R"({"degrees": {"type": "float", "required": true, "min": 0, "below": 90}})",
                    "sheared by up to so many degrees either way")

} // namespace
} // namespace lamina::plugin
