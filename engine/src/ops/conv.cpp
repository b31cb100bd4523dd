// conv{strides, padding_low, padding_high, dilations, groups, data_format, result_dtype, epilogue}:
// the cross-correlation that deep learning calls convolution, in 1 to 3 spatial dimensions.
//
//     x: [N, in..., C]    filter: [window..., C / groups, K]    y: [N, out..., K]
//     y[n, o, k] = sum over r, c of x[n, o * stride + r * dilation - low, g * C / groups + c]
//                                   * filter[r, c, k],   g = k / (K / groups)
//     out = floor((in + low + high - ((window - 1) * dilation + 1)) / stride) + 1
//
// Padding counts as 0. channels_first: x is [N, C, in...], y is [N, K, out...]; the filter stays.
#include "ops/conv_rules.hpp"

namespace lamina::plugin {
namespace {

struct Conv {
    static constexpr auto schema = "{" LAMINA_CONV_SCHEMA "," LAMINA_EPILOGUE_SCHEMA "}";

    static std::vector<TensorType> infer(const Node& node) {
        return {infer_epilogue(node, 2, ConvParams::of(node).y_shape())};
    }
    static void gradient(const GradientContext& g) {
        g.set_dx(0, conv_backward_data(g.node, dy_as_operand(g), g.x(1), g.x(0).shape()));
        g.set_dx(1, conv_backward_filter(g.node, g.x(0), dy_as_operand(g), g.x(1).shape()));
    }
    static Values decompose(Graph& graph, const Node& node, const Values& inputs) {
        return decompose_epilogue(graph, node, 2, inputs, conv_attrs(node));
    }
    static Cost cost(const Node& node) {
        Cost cost = conv_cost(node);
        cost.flops += epilogue_flops(node);
        return cost;
    }
};

LAMINA_OPERATOR(conv, Conv)

} // namespace
} // namespace lamina::plugin
