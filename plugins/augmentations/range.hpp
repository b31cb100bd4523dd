/// Ranges that a factor is drawn from.
#pragma once

#include "lamina/plugin/augmentation.hpp"

namespace lamina::plugin {

struct Range {
    double low, high;
    double draw(Draws& draws) const { return draws.uniform(low, high); }
};

inline constexpr char range_around_one_schema[] =
    R"({"range": {"type": "floats", "required": true, "min": 0, "max": 1000, "example": 0.2}})";

/// Of a number v: 1 - v to 1 + v; of two numbers: these. As Keras's zoom_range.
inline Range range_around_one(const Config& config, const char* key) {
    const std::vector<double> values = config.numbers(key);
    if (values.size() == 1)
        return {1 - values[0], 1 + values[0]};
    if (values.size() != 2 || values[0] > values[1])
        invalid(std::string(key) +
                ": expected a number, or the least and the largest factor, got " +
                config.json(key));
    return {values[0], values[1]};
}

} // namespace lamina::plugin
