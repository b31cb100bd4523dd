#include "compute/simd.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "compute/softmax.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "compute/math-inl.hpp"
#include "compute/softmax.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {
namespace {

float maximum_of_row(const float* x, std::int64_t n) {
    float best = x[0];
    for (std::int64_t i = 1; i < n; ++i)
        best = ((x[i] > best) | (x[i] != x[i])) ? x[i] : best;
    return best;
}

/// y = e^(x - maximum); returns the sum.
double exponentials(const float* x, float maximum, float* y, std::int64_t n) {
    const MathTag d;
    const std::size_t lanes = hn::Lanes(d);
    const auto count = static_cast<std::size_t>(n);
    const auto shift = splat(maximum);
    for (std::size_t i = 0; i < count; i += lanes) {
        const auto mask = hn::FirstN(d, count - i);
        const auto e = exp_of(hn::Sub(masked_load(mask, d, x + i), shift));
        hn::BlendedStore(e, mask, d, y + i);
    }
    double sum = 0;
    for (std::size_t i = 0; i < count; ++i)
        sum += static_cast<double>(y[i]);
    return sum;
}

void softmax_row(const float* x, float* y, std::int64_t n, bool logarithm) {
    const float maximum = maximum_of_row(x, n);
    if (!logarithm) {
        const auto scale = static_cast<float>(1.0 / exponentials(x, maximum, y, n));
        for (std::int64_t i = 0; i < n; ++i)
            y[i] *= scale;
        return;
    }
    float terms[256];
    double sum = 0;
    for (std::int64_t i = 0; i < n; i += 256)
        sum += exponentials(x + i, maximum, terms, std::min<std::int64_t>(256, n - i));
    const auto shift = static_cast<float>(std::log(sum));
    for (std::int64_t i = 0; i < n; ++i)
        y[i] = (x[i] - maximum) - shift;
}

float cross_entropy_row(const float* logits, const float* labels, std::int64_t n) {
    const float maximum = maximum_of_row(logits, n);
    float terms[256];
    double sum = 0;
    for (std::int64_t i = 0; i < n; i += 256)
        sum += exponentials(logits + i, maximum, terms, std::min<std::int64_t>(256, n - i));
    const double shift = std::log(sum);
    double loss = 0;
    for (std::int64_t i = 0; i < n; ++i)
        loss -= static_cast<double>(labels[i]) *
                (static_cast<double>(logits[i]) - static_cast<double>(maximum) - shift);
    return static_cast<float>(loss);
}

void run_softmax(const float* x, float* y, std::int64_t outer, std::int64_t dim, std::int64_t inner,
                 bool logarithm, const Parallel& parallel) {
    const std::int64_t grain = std::max<std::int64_t>(1, 4096 / dim);
    parallel.range(outer * inner, grain, [&](std::int64_t begin, std::int64_t end) {
        std::vector<float> row(inner == 1 ? 0 : static_cast<std::size_t>(dim));
        for (std::int64_t i = begin; i < end; ++i) {
            if (inner == 1) {
                softmax_row(x + i * dim, y + i * dim, dim, logarithm);
                continue;
            }
            const std::int64_t offset = i / inner * dim * inner + i % inner;
            for (std::int64_t j = 0; j < dim; ++j)
                row[static_cast<std::size_t>(j)] = x[offset + j * inner];
            softmax_row(row.data(), row.data(), dim, logarithm);
            for (std::int64_t j = 0; j < dim; ++j)
                y[offset + j * inner] = row[static_cast<std::size_t>(j)];
        }
    });
}

void run_cross_entropy(const float* logits, const float* labels, float* loss, std::int64_t rows,
                       std::int64_t classes, const Parallel& parallel) {
    const std::int64_t grain = std::max<std::int64_t>(1, 4096 / classes);
    parallel.range(rows, grain, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t i = begin; i < end; ++i)
            loss[i] = cross_entropy_row(logits + i * classes, labels + i * classes, classes);
    });
}

} // namespace
} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace lamina::cpu {

HWY_EXPORT(run_softmax);
HWY_EXPORT(run_cross_entropy);

void softmax(const float* x, float* y, std::int64_t outer, std::int64_t dim, std::int64_t inner,
             bool logarithm, const Parallel& parallel) {
    if (dim > 0)
        HWY_DYNAMIC_DISPATCH(run_softmax)(x, y, outer, dim, inner, logarithm, parallel);
}

void softmax_cross_entropy(const float* logits, const float* labels, float* loss, std::int64_t rows,
                           std::int64_t classes, const Parallel& parallel) {
    if (classes > 0)
        HWY_DYNAMIC_DISPATCH(run_cross_entropy)(logits, labels, loss, rows, classes, parallel);
}

} // namespace lamina::cpu
#endif
