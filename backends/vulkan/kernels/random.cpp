/// Uniform, normal and Bernoulli draws.

#include "shaders/random.hpp"
#include "kernels/map_step.hpp"

namespace lamina::vulkan {

namespace {

enum Distribution : uint32_t { uniform, normal, truncated_normal, bernoulli };

struct Draw {
    static Plan describe(const Limits& limits, const Node& node) {
        return {streaming_seconds(limits, node, 40), 0, 0, "exact"};
    }
    static void dispatch(Step& step, const Node& node, Distribution distribution, float a,
                         float b) {
        const auto y = node.output();
        const bool batched = node.boolean("batched");
        const int64_t rows = batched ? y.dim(0) : 1;
        const int64_t length = rows > 0 ? y.elements() / rows : 0;
        const auto hash = static_cast<uint64_t>(node.integer("key"));
        const uint32_t size = line_workgroup(step.limits);
        const uint64_t blocks =
            static_cast<uint64_t>(rows) * static_cast<uint64_t>((length + 3) / 4);
        step.dispatch(spirv::random, {size, distribution, batched},
                      {word(rows), word(length), static_cast<uint32_t>(hash),
                       static_cast<uint32_t>(hash >> 32), word(a), word(b)},
                      {reads(step.in(0)), writes(step.out())},
                      step.linear((blocks + size - 1) / size));
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
