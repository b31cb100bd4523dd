// softmax_cross_entropy: the loss of a classifier from its logits, stable where the softmax
// underflows.
//
//     logits, labels: [..., C]    y: [...] = -sum over C of labels * log_softmax(logits)
//
// dlogits = dy * (softmax(logits) * sum of labels - labels); the sum is 1 for class probabilities.
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

struct SoftmaxCrossEntropy {
    static constexpr auto schema = "{}";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 2);
        const lm_dtype dtype = expect_floating(node, 2);
        Dims shape = node.input(0).type().dims;
        if (shape.empty())
            invalid("softmax_cross_entropy: expected logits [..., classes], got a scalar");
        expect_shape(node, 1, "the labels", shape);
        shape.pop_back();
        return {{dtype, shape}};
    }
    static void gradient(const GradientContext& g) {
        const Value logits = g.x(0), labels = g.x(1);
        Dims column = g.dy().shape();
        column.push_back(1);
        const Value dy = reshape(g.dy(), column);
        g.set_dx(0, dy * (softmax(logits) * reduce_sum(labels, {-1}, true) - labels));
        g.set_dx(1, -(dy * log_softmax(logits)));
    }
    static Values decompose(Graph&, const Node&, const Values& inputs) {
        return {-reduce_sum(inputs[1] * log_softmax(inputs[0]), {-1})};
    }
    static Cost cost(const Node& node) { // a softmax's five, product and sum
        return {7.0 * static_cast<double>(node.input(0).elements()), traffic(node)};
    }
};

LAMINA_OPERATOR(softmax_cross_entropy, SoftmaxCrossEntropy)

} // namespace
} // namespace lamina::plugin
