// Random draws, defined bit by bit in lamina/plugin/philox.hpp.
//
//     random_uniform{low, high}      f32 in [low, high): low + (high - low) * u
//     random_normal{mean, stddev}    f32; truncated: drawn again beyond two standard deviations
//     random_bernoulli{probability}  f32 1 with the probability, else 0
//
// shape: the output's. state: i64 [3] = seed, step, index of the batch's first sample. key: the
// hash of the node's name, which the engine fills in. batched: the first dimension counts samples
// (sample = state[2] + row, element = index within the row), so that a sample draws the same
// whatever batch it is in; else sample 0 and element = flat index. Draws depend on no
// differentiable input: no gradient.
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

#define LAMINA_RANDOM_SCHEMA                                                                       \
    R"("shape": {"type": "ints", "required": true},)"                                              \
    R"("batched": {"type": "bool", "default": false},)"                                            \
    R"("key": {"type": "int", "default": 0})"

struct Random {
    static constexpr uint32_t flags = LM_OP_RANDOM;

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        expect_shape(node, 0, "the random state", Dims{3});
        if (node.input(0).dtype() != LM_I64)
            invalid(std::string(node.op()) + ": the random state must be i64, got " +
                    dtype_name(node.input(0).dtype()));
        const Dims shape = node.dims("shape");
        for (const int64_t d : shape)
            if (d < 0)
                invalid(std::string(node.op()) + ": shape " + to_string(shape) +
                        " has a negative dimension");
        if (shape.empty() && node.boolean("batched"))
            invalid(std::string(node.op()) +
                    ": a batched draw needs a shape whose first dimension is the batch, got []");
        return {{LM_F32, shape}};
    }
    static void gradient(const GradientContext&) {}
    static Cost cost(const Node& node) { // ten rounds of about ten operations for four elements
        return {25.0 * static_cast<double>(node.output().elements()), traffic(node)};
    }
};

struct RandomUniform : Random {
    static constexpr auto schema = "{" LAMINA_RANDOM_SCHEMA R"(,
        "low": {"type": "float", "default": 0},
        "high": {"type": "float", "default": 1}})";

    static std::vector<TensorType> infer(const Node& node) {
        if (!(node.number("low") <= node.number("high")))
            invalid("random_uniform: low " + std::to_string(node.number("low")) +
                    " is above high " + std::to_string(node.number("high")));
        return Random::infer(node);
    }
};

struct RandomNormal : Random {
    static constexpr auto schema = "{" LAMINA_RANDOM_SCHEMA R"(,
        "mean": {"type": "float", "default": 0},
        "stddev": {"type": "float", "default": 1},
        "truncated": {"type": "bool", "default": false}})";

    static std::vector<TensorType> infer(const Node& node) {
        if (!(node.number("stddev") >= 0))
            invalid("random_normal: stddev " + std::to_string(node.number("stddev")) +
                    " must not be negative");
        return Random::infer(node);
    }
};

struct RandomBernoulli : Random {
    static constexpr auto schema = "{" LAMINA_RANDOM_SCHEMA R"(,
        "probability": {"type": "float", "required": true}})";

    static std::vector<TensorType> infer(const Node& node) {
        if (const double p = node.number("probability"); !(p >= 0 && p <= 1))
            invalid("random_bernoulli: probability " + std::to_string(p) +
                    " must lie between 0 and 1");
        return Random::infer(node);
    }
};

LAMINA_OPERATOR(random_uniform, RandomUniform)
LAMINA_OPERATOR(random_normal, RandomNormal)
LAMINA_OPERATOR(random_bernoulli, RandomBernoulli)

} // namespace
} // namespace lamina::plugin
