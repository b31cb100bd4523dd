#include "kernels/fft.hpp"

#include <algorithm>
#include <cmath>

#include "vkfft/transforms.hpp"

namespace lamina::vulkan {

namespace {

/// Of `length` values, `inner` apart; NULL where there is none.
const vkfft::Transform* find(int64_t length, int64_t inner) {
    for (const vkfft::Transform& t : vkfft::kTransforms)
        if (t.length == length && t.inner == inner)
            return &t;
    return nullptr;
}

/// Calls visit(transform, lines) for each dimension longer than 1, the innermost first, with the
/// transform of one line of `inner` values and how many such lines there are in a block. False
/// where a transform is missing.
template <class Visit>
bool for_each_dimension(const Spatial& size, Visit visit) {
    int64_t inner = kFftLanes, outer = fft_points(size);
    for (size_t d = 3; d-- > 0;) {
        outer /= size[d];
        if (size[d] > 1) {
            const vkfft::Transform* transform = find(size[d], inner);
            if (transform == nullptr)
                return false;
            visit(*transform, outer);
        }
        inner *= size[d];
    }
    return true;
}

} // namespace

std::vector<Spatial> fft_sizes(int64_t rank) {
    std::vector<Spatial> sizes;
    for (const vkfft::Transform& t : vkfft::kTransforms) {
        Spatial size{1, 1, 1};
        std::fill(size.end() - rank, size.end(), t.length);
        if (t.inner == kFftLanes && for_each_dimension(size, [](const auto&, int64_t) {}))
            sizes.push_back(size);
    }
    std::sort(sizes.begin(), sizes.end());
    return sizes;
}

void dispatch_fft(Step& step, const Spatial& size, Operand images, int64_t count) {
    for_each_dimension(size, [&](const vkfft::Transform& t, int64_t outer) {
        const int64_t lines = fft_blocks(count) * outer;
        const auto bytes = static_cast<uint64_t>(t.length * t.inner) * 8;
        for (int64_t first = 0; first < lines; first += step.limits.max_groups) {
            const int64_t some = std::min<int64_t>(lines - first, step.limits.max_groups);
            const Operand part{images.slot, images.offset + static_cast<uint64_t>(first) * bytes,
                               static_cast<uint64_t>(some) * bytes};
            step.dispatch(t.shader, {}, {},
                          {updates(part), updates(part), reads(step.table(t.table))},
                          {t.workgroups, 1, word(some)});
        }
    });
}

double fft_seconds(const Limits& limits, const Spatial& size, int64_t images) {
    const auto values = static_cast<double>(fft_blocks(images) * kFftLanes * fft_points(size));
    double seconds = 0;
    for_each_dimension(size, [&](const vkfft::Transform& t, int64_t) {
        seconds += limits.seconds(values * 5 * std::log2(t.length), values * 8 * 2);
    });
    // They exchange values by way of shared memory. Measured on lavapipe: windows of 7 by 7 on 28 x
    // 28 pixels and smaller, and of 5 by 5, are better not transformed there.
    return limits.shares_at_no_gain ? 4 * seconds : seconds;
}

std::vector<uint32_t> fft_frequencies(const Spatial& size) {
    std::vector<uint32_t> words;
    for (int64_t d = 0; d < size[0]; ++d)
        for (int64_t h = 0; h < size[1]; ++h)
            for (int64_t w = 0; w < size[2]; ++w) {
                const auto point = [&](int64_t pd, int64_t ph, int64_t pw) {
                    return (pd * size[1] + ph) * size[2] + pw;
                };
                const int64_t here = point(d, h, w);
                const int64_t opposite = point((size[0] - d) % size[0], (size[1] - h) % size[1],
                                               (size[2] - w) % size[2]);
                if (here <= opposite)
                    words.insert(words.end(), {word(here), word(opposite)});
            }
    return words;
}

} // namespace lamina::vulkan
