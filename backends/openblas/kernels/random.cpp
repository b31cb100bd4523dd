// Random draws, bit for bit as lamina/plugin/philox.hpp defines them; one Philox block serves four
// neighbours.

#include "lamina/plugin/philox.hpp"

#include <algorithm>

#include "kernels/node_checks.hpp"

namespace lamina::cpu {
namespace {

using plugin::Args;
using plugin::Node;

/// y[i] = draw(block, lane, element, sample, key, step) for every element of the output.
template <class Draw>
void draw_elements(const Node& node, const Args& args, Draw&& draw) {
    const auto* state = args.in<std::int64_t>(0);
    const PhiloxKey key = philox_key(static_cast<std::uint64_t>(state[0]),
                                     static_cast<std::uint64_t>(node.integer("key")));
    const auto step = static_cast<std::uint64_t>(state[1]);
    const auto y = node.output();
    const bool batched = node.boolean("batched");
    const std::int64_t per_sample = batched ? plugin::elements(y.dims().subspan(1)) : y.elements();
    if (y.elements() == 0)
        return;
    auto* out = args.out<float>();
    parallel_of(args.host(), planned_workers())
        .range(y.elements(), 8192, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end;) {
                const std::int64_t element = i % per_sample;
                const auto sample =
                    static_cast<std::uint64_t>(batched ? state[2] + i / per_sample : 0);
                const PhiloxBlock block = philox4x32(
                    philox_counter(static_cast<std::uint64_t>(element), sample, step), key);
                const std::int64_t lane = element % 4;
                const std::int64_t count = std::min({4 - lane, per_sample - element, end - i});
                for (std::int64_t j = 0; j < count; ++j)
                    out[i + j] = draw(block, static_cast<std::uint64_t>(lane + j),
                                      static_cast<std::uint64_t>(element + j), sample, key, step);
                i += count;
            }
        });
}

struct Random {
    static plugin::Plan describe(const Node& node) {
        return {static_cast<double>(node.output().elements()) * 6e-9, 0, 0, "exact"};
    }
};

struct Uniform : Random {
    void run(const Node& node, const Args& args) const {
        const auto low = static_cast<float>(node.number("low"));
        const float width = static_cast<float>(node.number("high")) - low;
        draw_elements(node, args, [=](const PhiloxBlock& block, std::uint64_t lane, auto&&...) {
            const float scaled = width * uniform_from_bits(block[lane]);
            return low + scaled;
        });
    }
};

struct Normal : Random {
    void run(const Node& node, const Args& args) const {
        const auto mean = static_cast<float>(node.number("mean"));
        const auto stddev = static_cast<float>(node.number("stddev"));
        const bool truncated = node.boolean("truncated");
        draw_elements(node, args,
                      [=](const PhiloxBlock& block, std::uint64_t lane, std::uint64_t element,
                          std::uint64_t sample, PhiloxKey key, std::uint64_t step) {
                          float draw = normal_from_block(block, lane);
                          // The few beyond two deviations are drawn again, by the definition.
                          if (truncated && !(std::fabs(draw) <= 2.0f))
                              draw = random_truncated_normal(key, element, sample, step);
                          const float scaled = stddev * draw;
                          return mean + scaled;
                      });
    }
};

struct Bernoulli : Random {
    void run(const Node& node, const Args& args) const {
        const auto probability = static_cast<float>(node.number("probability"));
        draw_elements(node, args, [=](const PhiloxBlock& block, std::uint64_t lane, auto&&...) {
            return uniform_from_bits(block[lane]) < probability ? 1.0f : 0.0f;
        });
    }
};

LAMINA_KERNEL(uniform, "openblas", "random_uniform", "philox", 10, Uniform)
LAMINA_KERNEL(normal, "openblas", "random_normal", "philox", 10, Normal)
LAMINA_KERNEL(bernoulli, "openblas", "random_bernoulli", "philox", 10, Bernoulli)

} // namespace
} // namespace lamina::cpu
