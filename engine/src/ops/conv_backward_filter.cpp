// conv_backward_filter{as conv, filter_shape}: the gradient of conv's filter.
//
//     x: [N, in..., C]    dy: [N, out..., K]    df: filter_shape = [window..., C / groups, K]
//     df[r, c, k] = sum over n, o of x[n, o * stride + r * dilation - low, g * C / groups + c]
//                                    * dy[n, o, k],   g = k / (K / groups)
#include "ops/conv_rules.hpp"

namespace lamina::plugin {
namespace {

struct ConvBackwardFilter {
    static constexpr auto schema =
        "{" LAMINA_CONV_SCHEMA R"(, "filter_shape": {"type": "ints", "required": true}})";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 2);
        expect_floating(node, 2);
        return {{result_dtype(node), ConvParams::of(node).filter_shape()}};
    }
    static void gradient(const GradientContext& g) {
        g.set_dx(0, conv_backward_data(g.node, g.x(1), dy_as_operand(g), g.x(0).shape()));
        g.set_dx(1, conv(g.node, g.x(0), dy_as_operand(g)));
    }
    static Cost cost(const Node& node) { return conv_cost(node); }
};

LAMINA_OPERATOR(conv_backward_filter, ConvBackwardFilter)

} // namespace
} // namespace lamina::plugin
