#include "lamina/plugin/augmentation.hpp"

#include <algorithm>

namespace lamina::plugin {
namespace {

/// Keras's channel_shift_range: one number for all channels, within the picture's own extremes.
struct ChannelShift {
    static constexpr const char* value_key = "range";
    static constexpr int32_t order = order::channel_shift;

    explicit ChannelShift(const Config& config) : range(config.number("range")) {}
    void apply(const Sample& sample, Draws& draws) const {
        const auto shift = static_cast<float>(draws.uniform(-range, range));
        const auto [low, high] = std::minmax_element(sample.values.begin(), sample.values.end());
        const float least = *low, largest = *high;
        for (float& v : sample.values)
            v = std::clamp(v + shift, least, largest);
    }

    double range;
};

LAMINA_AUGMENTATION(channel_shift, ChannelShift,
                    R"({"range": {"type": "float", "required": true, "min": 0}})",
                    "up to so much is added to or taken from every value")

} // namespace
} // namespace lamina::plugin
