// Random draws, exactly as lamina/plugin/philox.hpp defines them: in float, bit for bit.
#include "lamina/plugin/philox.hpp"

#include "tensors.hpp"

namespace lamina::reference {
namespace {

/// y[i] = draw(key, element, sample, step) for every element of the output.
template <class Draw>
void draw_elements(const Node& node, const Args& args, Draw&& draw) {
    const auto* state = args.in<int64_t>(0);
    const auto key =
        philox_key(static_cast<uint64_t>(state[0]), static_cast<uint64_t>(node.integer("key")));
    const auto step = static_cast<uint64_t>(state[1]);
    const TensorView y = node.output();
    const bool batched = node.boolean("batched");
    const int64_t per_sample =
        batched ? elements(y.dims().subspan(1)) : std::max<int64_t>(y.elements(), 1);
    for (int64_t i = 0; i < y.elements(); ++i) {
        const int64_t sample = batched ? state[2] + i / per_sample : 0;
        args.out<float>()[i] =
            draw(key, static_cast<uint64_t>(i % per_sample), static_cast<uint64_t>(sample), step);
    }
}

struct RandomUniform : PerElement {
    void run(const Node& node, const Args& args) const {
        const auto low = static_cast<float>(node.number("low"));
        const float width = static_cast<float>(node.number("high")) - low;
        draw_elements(node, args, [&](auto... counter) {
            const float scaled = width * random_uniform(counter...);
            return low + scaled;
        });
    }
};

struct RandomNormal : PerElement {
    void run(const Node& node, const Args& args) const {
        const auto mean = static_cast<float>(node.number("mean"));
        const auto stddev = static_cast<float>(node.number("stddev"));
        const bool truncated = node.boolean("truncated");
        draw_elements(node, args, [&](auto... counter) {
            const float scaled = stddev * (truncated ? random_truncated_normal(counter...)
                                                     : random_normal(counter...));
            return mean + scaled;
        });
    }
};

struct RandomBernoulli : PerElement {
    void run(const Node& node, const Args& args) const {
        const auto probability = static_cast<float>(node.number("probability"));
        draw_elements(node, args, [&](auto... counter) {
            return random_uniform(counter...) < probability ? 1.0f : 0.0f;
        });
    }
};

LAMINA_KERNEL(uniform, "reference", "random_uniform", "plain", 0, RandomUniform)
LAMINA_KERNEL(normal, "reference", "random_normal", "plain", 0, RandomNormal)
LAMINA_KERNEL(bernoulli, "reference", "random_bernoulli", "plain", 0, RandomBernoulli)

} // namespace
} // namespace lamina::reference
