/// Keras's rescale, samplewise_center and samplewise_std_normalization.
#include "lamina/plugin/augmentation.hpp"

#include <cmath>

namespace lamina::plugin {
namespace {

double mean_of(std::span<const float> values) {
    double sum = 0;
    for (const float v : values)
        sum += static_cast<double>(v);
    return sum / static_cast<double>(values.size());
}

double deviation_of(std::span<const float> values, double mean) {
    double sum = 0;
    for (const float v : values)
        sum += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
    return std::sqrt(sum / static_cast<double>(values.size()));
}

struct Rescale {
    static constexpr const char* value_key = "factor";
    static constexpr int32_t order = order::rescale;
    static constexpr bool normalizes = true;

    explicit Rescale(const Config& config) : factor(static_cast<float>(config.number("factor"))) {}
    void apply(const Sample& sample, Draws&) const {
        for (float& v : sample.values)
            v *= factor;
    }

    float factor;
};

struct SamplewiseCenter {
    static constexpr int32_t order = order::samplewise_center;
    static constexpr bool normalizes = true;

    explicit SamplewiseCenter(const Config&) {}
    void apply(const Sample& sample, Draws&) const {
        const auto mean = static_cast<float>(mean_of(sample.values));
        for (float& v : sample.values)
            v -= mean;
    }
};

/// As in Keras, it centers too; after samplewise_center there is nothing left to take off.
struct SamplewiseStdNormalization {
    static constexpr int32_t order = order::samplewise_std_normalization;
    static constexpr bool normalizes = true;

    explicit SamplewiseStdNormalization(const Config&) {}
    void apply(const Sample& sample, Draws&) const {
        const double mean = mean_of(sample.values);
        const auto divisor = static_cast<float>(deviation_of(sample.values, mean) + 1e-6);
        for (float& v : sample.values)
            v = (v - static_cast<float>(mean)) / divisor;
    }
};

LAMINA_AUGMENTATION(rescale, Rescale, R"({"factor": {"type": "float", "required": true}})",
                    "values times a factor, instead of the data set's own scale")
LAMINA_AUGMENTATION(samplewise_center, SamplewiseCenter, "{}", "less each picture's mean")
LAMINA_AUGMENTATION(samplewise_std_normalization, SamplewiseStdNormalization, "{}",
                    "less each picture's mean, over its standard deviation")

} // namespace
} // namespace lamina::plugin
