/// Statistics over the training pictures.
#pragma once

#include "lamina/plugin/augmentation.hpp"

namespace lamina::plugin {

/// The mean over all training pictures of term(value, channel), for each channel.
template <class Term>
std::vector<double> channel_means(const Samples& samples, Term term) {
    const auto channels = static_cast<size_t>(samples.shape().channels);
    const auto per_sample = static_cast<size_t>(samples.shape().elements());
    std::vector<double> means(channels);
    std::vector<float> sample(per_sample);
    for (int64_t i = 0; i < samples.count(); ++i) {
        samples.read(i, sample);
        for (size_t at = 0; at < per_sample; at += channels)
            for (size_t c = 0; c < channels; ++c)
                means[c] += term(static_cast<double>(sample[at + c]), c);
    }
    for (double& m : means)
        m /= static_cast<double>(samples.count()) * static_cast<double>(per_sample / channels);
    return means;
}

inline std::vector<double> channel_means(const Samples& samples) {
    return channel_means(samples, [](double v, size_t) { return v; });
}

} // namespace lamina::plugin
