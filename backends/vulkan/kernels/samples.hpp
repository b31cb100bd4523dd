/// Operands beyond the device's storage range, where each sample is computed alone: some samples at
/// a time.
#pragma once

#include "kernels/parts.hpp"

namespace lamina::vulkan {

struct Samples {
    int64_t n = 1;       // in all
    int64_t at_once = 1; // whose parts of every operand fit a binding
    /// Of the workspace, where parts that begin where no binding may are copied to and from.
    uint64_t staging_bytes = 0;

    /// bytes: of the operands with a leading dimension of n. widest: of what else must fit a
    /// binding for the samples at once. Throws where a single sample does not fit.
    static Samples of(const Limits&, int64_t n, std::span<const int64_t> bytes, int64_t widest = 0);

    static Samples of(const Limits& limits, int64_t n, std::initializer_list<int64_t> bytes,
                      int64_t widest = 0) {
        return of(limits, n, std::span(bytes.begin(), bytes.size()), widest);
    }

    int64_t chunks() const { return (n + at_once - 1) / at_once; }
    int64_t count(int64_t first) const { return std::min(at_once, n - first); }
    /// The elements of the samples from `first` on, of an operand with a leading dimension of n.
    Range range(Operand whole, lm_dtype dtype, int64_t first) const {
        const int64_t one = static_cast<int64_t>(whole.bytes) / plugin::size_of(dtype) / n;
        return {first * one, count(first) * one};
    }
};

} // namespace lamina::vulkan
