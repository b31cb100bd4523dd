#include "../channel_means.hpp"
#include "lapack.hpp"

#include <algorithm>
#include <cmath>

namespace lamina::plugin {
namespace {

// 64x64 RGB. The matrix has as many rows and columns as a sample has values, the time to find it
// grows with their cube, and 12,288 take 3.6 GB and hours.
constexpr int64_t kMostValues = 12288;
constexpr int64_t kBlock = 512; // samples read at once

/// Keras's zca_whitening: with X the training samples, one a row, and X^T = U S V^T, a sample times
/// U sqrt(n) / (S + epsilon) U^T. As there, each channel is centered first. U and S^2 are X^T X's
/// eigenvectors and eigenvalues.
struct ZcaWhitening {
    static constexpr const char* value_key = "epsilon";
    static constexpr int32_t order = order::zca_whitening;
    static constexpr bool normalizes = true;

    explicit ZcaWhitening(const Config& config) : epsilon(config.number("epsilon")) {}

    void fit(const Samples& samples) {
        if (samples.shape().elements() > kMostValues)
            invalid("samples of " + std::to_string(samples.shape().elements()) +
                    " values; at most " + std::to_string(kMostValues) + " can be whitened");
        size = static_cast<size_t>(samples.shape().elements());
        const auto means = channel_means(samples);
        mean.assign(means.begin(), means.end());
        const Lapack lapack;
        const auto d = static_cast<int32_t>(size);
        std::vector<double> vectors = products(lapack, samples), values(size);
        lapack.eigenvectors(vectors, d, values);
        const std::vector<double> scaled = scaled_vectors(vectors, values, samples.count());
        std::vector<double> whitening(size * size);
        lapack.multiply_transposed(vectors, scaled, d, d, d, whitening);
        matrix.assign(whitening.begin(), whitening.end());
    }

    void apply(const Sample& sample, Draws&) const {
        if (sample.values.size() != size)
            invalid("expected samples of " + std::to_string(size) + " values, got " +
                    std::to_string(sample.values.size()));
        // The matrix is symmetric: its rows are its columns.
        std::vector<float> white(size);
        for (size_t i = 0; i < size; ++i) {
            const float value = sample.values[i] - mean[i % mean.size()];
            const float* row = matrix.data() + i * size;
            for (size_t j = 0; j < size; ++j)
                white[j] += value * row[j];
        }
        std::copy(white.begin(), white.end(), sample.values.begin());
    }

  private:
    /// X^T X, its upper triangle.
    std::vector<double> products(const Lapack& lapack, const Samples& samples) const {
        std::vector<double> sum(size * size), rows;
        std::vector<float> sample(size);
        for (int64_t begin = 0; begin < samples.count(); begin += kBlock) {
            rows.clear();
            const int64_t end = std::min(begin + kBlock, samples.count());
            for (int64_t i = begin; i < end; ++i) {
                samples.read(i, sample);
                for (size_t at = 0; at < size; ++at)
                    rows.push_back(static_cast<double>(sample[at] - mean[at % mean.size()]));
            }
            lapack.add_products(rows, static_cast<int32_t>(end - begin), static_cast<int32_t>(size),
                                sum);
        }
        return sum;
    }

    /// Each vector times sqrt(n) / (s + epsilon). Of d directions n samples span n at most; Keras
    /// leaves out the others, and here also those that are 0 but for rounding.
    std::vector<double> scaled_vectors(std::span<const double> vectors,
                                       std::span<const double> values, int64_t n) const {
        std::vector<double> scaled(vectors.begin(), vectors.end());
        const double rounding = 1e-14 * std::max(values.back(), 0.0) * static_cast<double>(size);
        const size_t first = size - static_cast<size_t>(std::min(n, static_cast<int64_t>(size)));
        for (size_t k = 0; k < size; ++k) {
            const bool spanned = k >= first && values[k] > rounding;
            const double factor =
                spanned ? std::sqrt(static_cast<double>(n)) / (std::sqrt(values[k]) + epsilon) : 0;
            for (size_t j = 0; j < size; ++j)
                scaled[k * size + j] *= factor;
        }
        return scaled;
    }

    double epsilon;
    size_t size = 0;
    std::vector<float> mean;   // of each channel
    std::vector<float> matrix; // [size, size]
};

LAMINA_AUGMENTATION(zca_whitening, ZcaWhitening,
                    R"({"epsilon": {"type": "float", "default": 1e-6, "min": 0}})",
                    "centered and mixed so that the training pictures' values do not correlate")

} // namespace
} // namespace lamina::plugin
