// conv_backward_data{as conv, input_shape}: the gradient of conv's x, and the transposed
// convolution when used forward.
//
//     dy: [N, out..., K]    filter: [window..., C / groups, K]    dx: input_shape = [N, in..., C]
//     dx[n, i, g * C / groups + c] = sum over o, r, k with o * stride + r * dilation - low = i
//                                    of dy[n, o, k] * filter[r, c, k],   k in group g
//
// input_shape is an attribute because a stride above 1 leaves several inputs possible; conv of
// that shape must give dy's.
#include "ops/conv_rules.hpp"

namespace lamina::plugin {
namespace {

struct ConvBackwardData {
    static constexpr auto schema = "{" LAMINA_CONV_SCHEMA "," LAMINA_EPILOGUE_SCHEMA
                                   R"(, "input_shape": {"type": "ints", "required": true}})";

    static std::vector<TensorType> infer(const Node& node) {
        return {infer_epilogue(node, 2, ConvParams::of(node).x_shape())};
    }
    static void gradient(const GradientContext& g) {
        g.set_dx(0, conv(g.node, dy_as_operand(g), g.x(1)));
        g.set_dx(1, conv_backward_filter(g.node, dy_as_operand(g), g.x(0), g.x(1).shape()));
    }
    static Values decompose(Graph& graph, const Node& node, const Values& inputs) {
        return decompose_epilogue(graph, node, 2, inputs,
                                  conv_attrs(node, {{"input_shape", node.dims("input_shape")}}));
    }
    static Cost cost(const Node& node) {
        Cost cost = conv_cost(node);
        cost.flops += epilogue_flops(node);
        return cost;
    }
};

LAMINA_OPERATOR(conv_backward_data, ConvBackwardData)

} // namespace
} // namespace lamina::plugin
