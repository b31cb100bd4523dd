// Local response normalisation (Krizhevsky, Sutskever and Hinton 2012), as TensorFlow has it:
//     y_i = x_i / (bias + alpha * sum of x_j^2, |i - j| <= depth_radius)^beta
// over the last axis.
#include <algorithm>
#include <cmath>

#include "lamina/plugin/kernel.hpp"
#include "lamina/plugin/layer.hpp"
#include "lamina/plugin/operator.hpp"
#include "shaders/lrn.hpp"

using namespace lamina::plugin;

namespace {

constexpr char kAttributes[] = R"({"depth_radius": {"type": "int", "min": 0, "default": 5},
                                   "bias": {"type": "float", "above": 0, "default": 1},
                                   "alpha": {"type": "float", "default": 1},
                                   "beta": {"type": "float", "default": 0.5}})";

/// Sums over each channel's neighbours, as a product with a matrix that is 1 near its diagonal.
Value neighbour_sum(Value x, int64_t radius) {
    const int64_t c = x.dim(-1);
    std::vector<float> band(static_cast<size_t>(c * c));
    for (int64_t i = 0; i < c; ++i)
        for (int64_t j = std::max<int64_t>(0, i - radius); j <= std::min(c - 1, i + radius); ++j)
            band[static_cast<size_t>(i * c + j)] = 1;
    const Value rows = reshape(x, {elements(x.shape()) / c, c});
    return reshape(matmul(rows, x.graph().constant({c, c}, band)), x.shape());
}

struct Lrn {
    static constexpr auto schema = kAttributes;

    static std::vector<TensorType> infer(const Node& n) {
        if (n.n_inputs() != 1 || n.input(0).rank() < 2 || n.input(0).dtype() != LM_F32)
            invalid("lrn: expected one input [N, ..., C] of f32");
        return {n.input(0).type()};
    }
    static Value scale(const Node& n, Value x) {
        return n.number("bias") +
               n.number("alpha") * neighbour_sum(square(x), n.integer("depth_radius"));
    }
    /// With s the scale: dx = dy s^-beta - 2 alpha beta x sum(dy x s^(-beta - 1)).
    static void gradient(const GradientContext& g) {
        const double alpha = g.node.number("alpha"), beta = g.node.number("beta");
        const Value x = g.x(), s = scale(g.node, x), direct = g.dy() * pow(s, -beta);
        const Value sum = neighbour_sum(direct * x / s, g.node.integer("depth_radius"));
        g.set_dx(0, direct - 2 * alpha * beta * (x * sum));
    }
    static Values decompose(Graph&, const Node& n, const Values& in) {
        return {in[0] * pow(scale(n, in[0]), -n.number("beta"))};
    }
};

struct Reference {
    static Plan describe(const Node&) { return {}; }
    void run(const Node& n, const Args& args) const {
        const int64_t c = n.input(0).dim(-1), rows = n.input(0).elements() / c;
        const int64_t radius = n.integer("depth_radius");
        for (int64_t row = 0; row < rows; ++row) {
            const float* x = args.in(0) + row * c;
            for (int64_t i = 0; i < c; ++i) {
                double sum = 0;
                for (int64_t j = std::max<int64_t>(0, i - radius); j <= std::min(c - 1, i + radius);
                     ++j)
                    sum += static_cast<double>(x[j]) * static_cast<double>(x[j]);
                args.out()[row * c + i] = static_cast<float>(
                    x[i] * std::pow(n.number("bias") + n.number("alpha") * sum, -n.number("beta")));
            }
        }
    }
};

// The kernel for Vulkan: SPIR-V, which the backend binds and dispatches.
constexpr uint32_t kWorkgroup = 64, kMostGroups = 65535; // as in lrn.comp

lm_status describe_vulkan(const lm_host*, const lm_node_desc* node, lm_candidate* out,
                          lm_error* error) {
    return guard(error, [&] {
        const Node n(node);
        if (n.input(0).rank() != 4)
            unsupported("[N, H, W, C] only"); // others run decomposed
        out->seconds = static_cast<double>(2 * n.output().bytes()) / 50e9;
    });
}
lm_status dispatch_vulkan(const lm_host*, const lm_node_desc* node, uint32_t groups[3],
                          lm_error* error) {
    return guard(error, [&] {
        const auto n =
            static_cast<uint32_t>((Node(node).output().elements() + kWorkgroup - 1) / kWorkgroup);
        groups[0] = std::min(n, kMostGroups);
        groups[1] = (n + kMostGroups - 1) / kMostGroups;
        groups[2] = 1;
    });
}
constexpr lm_kernel vulkan_kernel() {
    lm_kernel k{};
    k.struct_size = sizeof k;
    k.backend = "vulkan";
    k.op = "lrn";
    k.name = "acme_lrn";
    k.describe = describe_vulkan;
    k.spirv = lamina::spirv::lrn;
    k.spirv_words = sizeof lamina::spirv::lrn / sizeof lamina::spirv::lrn[0];
    k.spirv_entry = "main";
    k.push_attrs = "depth_radius,bias,alpha,beta";
    k.dispatch = dispatch_vulkan;
    return k;
}
constexpr lm_kernel vulkan_table = vulkan_kernel();

Value layer(Graph& graph, const Config& config, Value x) {
    return graph.node("lrn", {x},
                      {{"depth_radius", config.integer("depth_radius")},
                       {"bias", config.number("bias")},
                       {"alpha", config.number("alpha")},
                       {"beta", config.number("beta")}});
}

} // namespace

LAMINA_OPERATOR(lrn, Lrn)
LAMINA_KERNEL(lrn_reference, "reference", "lrn", "plain", 0, Reference)
LAMINA_REGISTER(lrn_vulkan, "kernel", "lrn/vulkan/acme_lrn", &vulkan_table)
LAMINA_LAYER(LocalResponseNormalization, kAttributes, "x / (bias + alpha * sum x^2)^beta", layer)

LAMINA_PLUGIN("acme_lrn", "1.0.0")
