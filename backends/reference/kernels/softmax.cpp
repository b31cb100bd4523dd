// softmax, log_softmax and softmax_cross_entropy, all from log_softmax's stable form
//     x - m - ln(sum of e^(x - m)), m the maximum along the axis.
#include <algorithm>

#include "lamina/plugin/shape_rules.hpp"
#include "tensors.hpp"

namespace lamina::reference {
namespace {

Reals log_softmax(const Reals& x, const AxisSplit& s) {
    Reals y(x.size());
    for (int64_t outer = 0; outer < s.outer; ++outer)
        for (int64_t inner = 0; inner < s.inner; ++inner) {
            const auto at = [&](int64_t i) {
                return static_cast<size_t>((outer * s.dim + i) * s.inner + inner);
            };
            double maximum = -std::numeric_limits<double>::infinity();
            for (int64_t i = 0; i < s.dim; ++i)
                maximum = std::max(maximum, x[at(i)]);
            double sum = 0;
            for (int64_t i = 0; i < s.dim; ++i)
                sum += std::exp(x[at(i)] - maximum);
            for (int64_t i = 0; i < s.dim; ++i)
                y[at(i)] = x[at(i)] - maximum - std::log(sum);
        }
    return y;
}

AxisSplit split(const Node& node) {
    return split_at(node.input(0).dims(), axis_of(node, node.input(0).rank()));
}

struct LogSoftmax : PerElement {
    void run(const Node& node, const Args& args) const {
        store(node, args, 0, log_softmax(load(node, args, 0), split(node)));
    }
};

struct Softmax : PerElement {
    void run(const Node& node, const Args& args) const {
        Reals y = log_softmax(load(node, args, 0), split(node));
        for (double& value : y)
            value = std::exp(value);
        store(node, args, 0, y);
    }
};

struct SoftmaxCrossEntropy : PerElement {
    void run(const Node& node, const Args& args) const {
        const TensorView type = node.input(0);
        const int64_t classes = type.dim(-1);
        const Reals labels = load(node, args, 1);
        const Reals logs = log_softmax(load(node, args, 0), split_at(type.dims(), type.rank() - 1));
        Reals loss(static_cast<size_t>(node.output().elements()));
        for (size_t i = 0; i < logs.size(); ++i)
            loss[i / static_cast<size_t>(classes)] -= labels[i] * logs[i];
        store(node, args, 0, loss);
    }
};

LAMINA_KERNEL(softmax, "reference", "softmax", "plain", 0, Softmax)
LAMINA_KERNEL(log_softmax, "reference", "log_softmax", "plain", 0, LogSoftmax)
LAMINA_KERNEL(softmax_cross_entropy, "reference", "softmax_cross_entropy", "plain", 0,
              SoftmaxCrossEntropy)

} // namespace
} // namespace lamina::reference
