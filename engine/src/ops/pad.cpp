// pad{low, high, value}: x with low[i] entries of `value` before and high[i] after in dimension i.
// The gradient is the part of dy where x lies.
#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"

namespace lamina::plugin {
namespace {

struct Pad {
    static constexpr auto schema = R"({
        "low": {"type": "ints", "required": true},
        "high": {"type": "ints", "required": true},
        "value": {"type": "float", "default": 0}})";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        TensorType y = node.input(0).type();
        const Dims low = node.dims("low"), high = node.dims("high");
        if (low.size() != y.dims.size() || high.size() != y.dims.size())
            invalid("pad: low " + to_string(low) + " and high " + to_string(high) +
                    " need one entry for each dimension of " + to_string(y.dims));
        for (size_t i = 0; i < low.size(); ++i) {
            if (low[i] < 0 || high[i] < 0)
                invalid("pad: low " + to_string(low) + " and high " + to_string(high) +
                        " must not be negative; use slice to cut");
            y.dims[i] += low[i] + high[i];
        }
        return {y};
    }
    static void gradient(const GradientContext& g) {
        g.set_dx(0, slice(g.dy(), g.node.dims("low"), g.x().shape(), {}));
    }
};

LAMINA_OPERATOR(pad, Pad)

} // namespace
} // namespace lamina::plugin
