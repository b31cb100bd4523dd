/// Operands beyond the device's storage range, where each sample is computed alone: some samples at
/// a time.
#pragma once

#include <numeric>

#include "kernel.hpp"

namespace lamina::vulkan {

struct Samples {
    int64_t n = 1;       // in all
    int64_t at_once = 1; // whose parts of every operand fit a binding and begin where one may

    /// bytes: of the operands with a leading dimension of n.
    static Samples of(const Limits& limits, int64_t n, std::initializer_list<int64_t> bytes) {
        Samples s{n, n};
        int64_t grain = 1;
        for (const int64_t all : bytes) {
            const int64_t one = all / std::max<int64_t>(n, 1);
            const auto alignment = static_cast<int64_t>(limits.alignment);
            s.at_once = std::min(s.at_once, static_cast<int64_t>(limits.max_range) / one);
            grain = std::lcm(grain, alignment / std::gcd(alignment, one));
        }
        if (s.at_once < n)
            s.at_once = s.at_once / grain * grain;
        if (s.at_once == 0)
            plugin::unsupported("activations beyond the device's storage range of " +
                                std::to_string(limits.max_range) +
                                " bytes, of which it holds fewer than the " +
                                std::to_string(grain) + " samples after which one is aligned");
        return s;
    }

    int64_t chunks() const { return (n + at_once - 1) / at_once; }
    int64_t count(int64_t first) const { return std::min(at_once, n - first); }
    Operand part(Operand whole, int64_t first) const {
        const uint64_t one = whole.bytes / static_cast<uint64_t>(n);
        return {whole.slot, whole.offset + static_cast<uint64_t>(first) * one,
                static_cast<uint64_t>(count(first)) * one};
    }
};

} // namespace lamina::vulkan
