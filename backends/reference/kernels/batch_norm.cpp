// Batch normalisation along the channels (x: [outer, channels, inner] around the axis):
//     y = gamma * (x - mean) * r + beta,   r = 1 / sqrt(variance + epsilon)
// The gradient's equations are in engine/src/ops/batch_norm_grad.cpp.
#include "lamina/plugin/shape_rules.hpp"
#include "tensors.hpp"

namespace lamina::reference {
namespace {

AxisSplit split(const Node& node) {
    return split_at(node.input(0).dims(), axis_of(node, node.input(0).rank()));
}

/// body(channel, i) for every element i of x.
template <class Body>
void for_each_element(const AxisSplit& s, Body&& body) {
    size_t i = 0;
    for (int64_t outer = 0; outer < s.outer; ++outer)
        for (int64_t c = 0; c < s.dim; ++c)
            for (int64_t inner = 0; inner < s.inner; ++inner, ++i)
                body(static_cast<size_t>(c), i);
}

Reals inverse_deviations(const Node& node, const Reals& variance) {
    Reals r;
    for (const double v : variance)
        r.push_back(1 / std::sqrt(v + node.number("epsilon")));
    return r;
}

Reals normalise(const Node& node, const Reals& x, const Reals& gamma, const Reals& beta,
                const Reals& mean, const Reals& variance) {
    const Reals r = inverse_deviations(node, variance);
    Reals y(x.size());
    for_each_element(split(node), [&](size_t c, size_t i) {
        y[i] = gamma[c] * (x[i] - mean[c]) * r[c] + beta[c];
    });
    return y;
}

struct BatchNormTraining : PerElement {
    void run(const Node& node, const Args& args) const {
        const AxisSplit s = split(node);
        const auto n = static_cast<double>(s.outer * s.inner);
        const Reals x = load(node, args, 0);
        Reals mean(static_cast<size_t>(s.dim)), variance(mean.size());
        for_each_element(s, [&](size_t c, size_t i) { mean[c] += x[i] / n; });
        for_each_element(
            s, [&](size_t c, size_t i) { variance[c] += (x[i] - mean[c]) * (x[i] - mean[c]) / n; });
        store(node, args, 0,
              normalise(node, x, load(node, args, 1), load(node, args, 2), mean, variance));
        store(node, args, 1, mean);
        store(node, args, 2, variance);
    }
};

struct BatchNormInference : PerElement {
    void run(const Node& node, const Args& args) const {
        store(node, args, 0,
              normalise(node, load(node, args, 0), load(node, args, 1), load(node, args, 2),
                        load(node, args, 3), load(node, args, 4)));
    }
};

struct BatchNormGrad : PerElement {
    void run(const Node& node, const Args& args) const {
        const AxisSplit s = split(node);
        const auto n = static_cast<double>(s.outer * s.inner);
        const Reals x = load(node, args, 0), gamma = load(node, args, 1),
                    mean = load(node, args, 2), dy = load(node, args, 4);
        const Reals r = inverse_deviations(node, load(node, args, 3));
        const auto xhat = [&](size_t c, size_t i) { return (x[i] - mean[c]) * r[c]; };
        Reals dgamma(static_cast<size_t>(s.dim)), dbeta(dgamma.size()), dx(x.size());
        for_each_element(s, [&](size_t c, size_t i) {
            dgamma[c] += dy[i] * xhat(c, i);
            dbeta[c] += dy[i];
        });
        for_each_element(s, [&](size_t c, size_t i) {
            dx[i] = gamma[c] * r[c] * (dy[i] - dbeta[c] / n - xhat(c, i) * dgamma[c] / n);
        });
        store(node, args, 0, dx);
        store(node, args, 1, dgamma);
        store(node, args, 2, dbeta);
    }
};

LAMINA_KERNEL(training, "reference", "batch_norm_training", "plain", 0, BatchNormTraining)
LAMINA_KERNEL(inference, "reference", "batch_norm_inference", "plain", 0, BatchNormInference)
LAMINA_KERNEL(grad, "reference", "batch_norm_grad", "plain", 0, BatchNormGrad)

} // namespace
} // namespace lamina::reference
