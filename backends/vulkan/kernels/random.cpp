/// Uniform, normal and Bernoulli draws.

#include "shaders/random.hpp"

#include <algorithm>

#include "kernels/map_step.hpp"

namespace lamina::vulkan {

namespace {

enum Distribution : uint32_t { uniform, normal, truncated_normal, bernoulli };

struct Draw {
    static Plan describe(const Limits& limits, const Node& node) {
        return {streaming_seconds(limits, node, 40), 0, 0, "exact"};
    }
    /// Some blocks of four elements at a time, all of them but for results beyond the storage
    /// range. A row begins with a block of its own.
    static void dispatch(Step& step, const Node& node, Distribution distribution, float a,
                         float b) {
        const auto y = node.output();
        const bool batched = node.boolean("batched");
        const int64_t rows = batched ? y.dim(0) : 1;
        const int64_t length = rows > 0 ? y.elements() / rows : 0;
        const int64_t row_blocks = (length + 3) / 4, blocks = rows * row_blocks;
        // The element that a block begins with, or the end.
        const auto element = [&](int64_t block) {
            return block / row_blocks * length + block % row_blocks * 4;
        };
        const auto room = static_cast<int64_t>(step.limits.max_range - step.limits.alignment);
        const int64_t at_once = room / static_cast<int64_t>(4 * sizeof(float));
        const auto hash = static_cast<uint64_t>(node.integer("key"));
        const uint32_t size = line_workgroup(step.limits);
        for (int64_t first = 0; first < blocks; first += at_once) {
            const int64_t count = std::min(at_once, blocks - first);
            const Part part = part_of(step.limits, step.out(), element(first),
                                      element(first + count) - 1, sizeof(float));
            step.dispatch(spirv::random, {size, distribution, batched},
                          {word(length), static_cast<uint32_t>(hash),
                           static_cast<uint32_t>(hash >> 32), word(a), word(b), word(first),
                           word(count), word(element(first) - part.ahead)},
                          {reads(step.in(0)), writes(part.operand)},
                          step.linear((static_cast<uint64_t>(count) + size - 1) / size));
        }
    }
};

struct Uniform : Draw {
    static void build(Step& step, const Node& node) {
        const auto low = static_cast<float>(node.number("low"));
        const auto high = static_cast<float>(node.number("high"));
        dispatch(step, node, uniform, low, high - low);
    }
};
LAMINA_VULKAN_KERNEL(random_uniform, "random_uniform", "philox", 10, Uniform)

struct Normal : Draw {
    static void build(Step& step, const Node& node) {
        dispatch(step, node, node.boolean("truncated") ? truncated_normal : normal,
                 static_cast<float>(node.number("mean")),
                 static_cast<float>(node.number("stddev")));
    }
};
LAMINA_VULKAN_KERNEL(random_normal, "random_normal", "philox", 10, Normal)

struct Bernoulli : Draw {
    static void build(Step& step, const Node& node) {
        dispatch(step, node, bernoulli, static_cast<float>(node.number("probability")), 0.0f);
    }
};
LAMINA_VULKAN_KERNEL(random_bernoulli, "random_bernoulli", "philox", 10, Bernoulli)

} // namespace

} // namespace lamina::vulkan
