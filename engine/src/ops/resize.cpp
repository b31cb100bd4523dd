// resize{size, method, data_format}: images of another size, sampled at half-pixel centres as in
// TensorFlow 2. In each spatial dimension, with s = (i + 0.5) * in / out:
//
//     nearest:  y[i] = x[min(floor(s), in - 1)]
//     bilinear: linear between x[max(floor(s - 0.5), 0)] and x[min(ceil(s - 0.5), in - 1)] with
//               weight s - 0.5 - floor(s - 0.5) on the latter, one dimension after the other
//
//     x: [N, in..., C]    y: [N, size..., C]
//
// resize_grad{method, data_format, input_shape}(dy) -> dx is its transpose: each dy goes back to
// the elements it was read from, with the same weights, in row-major order of dy.
#include <cmath>

#include "lamina/plugin/operator.hpp"
#include "lamina/plugin/shape_rules.hpp"
#include "lamina/plugin/window.hpp"

namespace lamina::plugin {
namespace {

#define LAMINA_RESIZE_SCHEMA                                                                       \
    R"("method": {"type": "string", "enum": ["nearest", "bilinear"], "default": "nearest"},)"      \
    R"("data_format": {"type": "string", "enum": ["channels_last", "channels_first"],)"            \
    R"( "default": "channels_last"})"

/// The position of the first spatial dimension in an image of this shape.
size_t first_spatial(const Node& node, std::span<const int64_t> dims) {
    const bool empty = std::find(dims.begin(), dims.end(), 0) != dims.end();
    if (dims.size() < 3 || dims.size() > 5 || empty)
        invalid(std::string(node.op()) + ": expected a batch, channels and 1 to 3 spatial " +
                "dimensions, none of them empty; got " + to_string(dims));
    if (const std::string method = node.string("method");
        method != "nearest" && method != "bilinear")
        invalid(std::string(node.op()) + ": method `" + method + "` must be nearest or bilinear");
    return is_channels_last(node) ? 1 : 2;
}

Cost resize_cost(const Node& node, const TensorView& sampled) {
    const double corners = std::ldexp(1.0, static_cast<int>(sampled.rank()) - 2);
    const bool linear = node.string("method") == "bilinear";
    return {static_cast<double>(sampled.elements()) * (linear ? 2.0 * corners : 1.0),
            traffic(node)};
}

struct Resize {
    static constexpr auto schema =
        R"({"size": {"type": "ints", "required": true},)" LAMINA_RESIZE_SCHEMA "}";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        TensorType y{expect_floating(node, 1), node.input(0).type().dims};
        const size_t first = first_spatial(node, y.dims);
        const Dims size = node.dims("size");
        if (size.size() + 2 != y.dims.size() || *std::min_element(size.begin(), size.end()) < 1)
            invalid("resize: size " + to_string(size) + " needs one entry from 1 for each of the " +
                    std::to_string(y.dims.size() - 2) + " spatial dimensions of " +
                    to_string(y.dims));
        std::copy(size.begin(), size.end(), y.dims.begin() + static_cast<int64_t>(first));
        return {y};
    }
    static void gradient(const GradientContext& g) {
        g.set_dx(0, g.graph().node("resize_grad", {g.dy()},
                                   {{"method", g.node.string("method")},
                                    {"data_format", g.node.string("data_format")},
                                    {"input_shape", g.x().shape()}}));
    }
    static Cost cost(const Node& node) { return resize_cost(node, node.output()); }
};

struct ResizeGrad {
    static constexpr auto schema =
        R"({"input_shape": {"type": "ints", "required": true},)" LAMINA_RESIZE_SCHEMA "}";

    static std::vector<TensorType> infer(const Node& node) {
        expect_inputs(node, 1);
        const Dims x = node.dims("input_shape"), dy = node.input(0).type().dims;
        first_spatial(node, dy);
        const size_t channels = first_spatial(node, x) == 2 ? 1 : x.size() - 1;
        if (x.size() != dy.size() || x[0] != dy[0] || x[channels] != dy[channels])
            invalid("resize_grad: dy " + to_string(dy) + " and input_shape " + to_string(x) +
                    " must agree in batch, channels (" + node.string("data_format") + ") and rank");
        return {{expect_floating(node, 1), x}};
    }
    static void gradient(const GradientContext& g) {
        const Dims dy = g.x().shape();
        const auto first = static_cast<int64_t>(first_spatial(g.node, dy));
        const Dims size(dy.begin() + first,
                        dy.begin() + first + static_cast<int64_t>(dy.size()) - 2);
        g.set_dx(0, g.graph().node("resize", {g.dy()},
                                   {{"size", size},
                                    {"method", g.node.string("method")},
                                    {"data_format", g.node.string("data_format")}}));
    }
    static Cost cost(const Node& node) { return resize_cost(node, node.input(0)); }
};

LAMINA_OPERATOR(resize, Resize)
LAMINA_OPERATOR(resize_grad, ResizeGrad)

} // namespace
} // namespace lamina::plugin
