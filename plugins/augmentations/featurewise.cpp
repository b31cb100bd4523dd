/// Keras's featurewise_center and featurewise_std_normalization: by the mean and the standard
/// deviation of each channel over the training pictures.
#include "channel_means.hpp"

#include <cmath>

namespace lamina::plugin {
namespace {

struct FeaturewiseCenter {
    static constexpr int32_t order = order::featurewise_center;
    static constexpr bool normalizes = true;

    explicit FeaturewiseCenter(const Config&) {}
    void fit(const Samples& samples) {
        const auto means = channel_means(samples);
        mean.assign(means.begin(), means.end());
    }
    void apply(const Sample& sample, Draws&) const {
        for (size_t i = 0; i < sample.values.size(); ++i)
            sample.values[i] -= mean[i % mean.size()];
    }

    std::vector<float> mean;
};

/// As in Keras, it centers too; after featurewise_center there is nothing left to take off.
struct FeaturewiseStdNormalization {
    static constexpr int32_t order = order::featurewise_std_normalization;
    static constexpr bool normalizes = true;

    explicit FeaturewiseStdNormalization(const Config&) {}
    void fit(const Samples& samples) {
        // A second pass, so that a large mean does not swallow the deviation.
        const std::vector<double> means = channel_means(samples);
        const auto variances = channel_means(
            samples, [&](double v, size_t c) { return (v - means[c]) * (v - means[c]); });
        mean.assign(means.begin(), means.end());
        for (const double v : variances)
            divisor.push_back(static_cast<float>(std::sqrt(v) + 1e-6));
    }
    void apply(const Sample& sample, Draws&) const {
        const size_t channels = mean.size();
        for (size_t i = 0; i < sample.values.size(); ++i)
            sample.values[i] = (sample.values[i] - mean[i % channels]) / divisor[i % channels];
    }

    std::vector<float> mean, divisor;
};

LAMINA_AUGMENTATION(featurewise_center, FeaturewiseCenter, "{}",
                    "less each channel's mean over the training pictures")
LAMINA_AUGMENTATION(
    featurewise_std_normalization, FeaturewiseStdNormalization, "{}",
    "less each channel's mean, over its standard deviation, over the training pictures")

} // namespace
} // namespace lamina::plugin
