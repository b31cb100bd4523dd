#include "kernels/samples.hpp"

#include <algorithm>
#include <numeric>

namespace lamina::vulkan {

namespace {

// Copies of more samples at once gain nothing.
constexpr int64_t kStagingBytes = int64_t{64} << 20;

} // namespace

Samples Samples::of(const Limits& limits, int64_t n, std::span<const int64_t> bytes,
                    int64_t widest) {
    Samples s{n, std::max<int64_t>(n, 1), 0};
    const auto alignment = static_cast<int64_t>(limits.alignment);
    const auto range = static_cast<int64_t>(limits.max_range);
    const auto of_one = [&](int64_t all) {
        return std::max<int64_t>(all / std::max<int64_t>(n, 1), 1);
    };
    int64_t grain = 1; // samples after which every operand is aligned
    int64_t together = 0, largest = widest;
    for (const int64_t all : bytes) {
        grain = std::lcm(grain, alignment / std::gcd(alignment, of_one(all)));
        together += of_one(all);
        largest = std::max(largest, all);
    }
    if (largest <= range)
        return s;
    s.at_once = range / of_one(largest) / grain * grain;
    if (s.at_once > 0)
        return s;
    // A copy's original begins up to an alignment before it.
    s.at_once = std::min((range - alignment) / of_one(largest),
                         std::max<int64_t>(kStagingBytes / together, 1));
    if (s.at_once == 0)
        plugin::unsupported("a sample of " + std::to_string(of_one(largest)) +
                            " bytes is beyond the device's storage range of " +
                            std::to_string(limits.max_range) + " bytes");
    for (const int64_t all : bytes)
        s.staging_bytes += aligned(limits, static_cast<uint64_t>(of_one(all) * s.at_once));
    return s;
}

} // namespace lamina::vulkan
