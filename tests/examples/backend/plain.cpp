// A backend of its own in host memory: the SDK has buffers, programs and transfers; the kernels
// are plain loops on one thread. It knows what the forward pass of LeNet is made of; training runs
// the rest elsewhere with --allow-fallback.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "lamina/plugin/broadcast.hpp"
#include "lamina/plugin/host_backend.hpp"
#include "lamina/plugin/window.hpp"

using namespace lamina::plugin;

namespace {

struct Plain {
    static constexpr auto schema =
        R"({"memory_limit_mib": {"type": "int", "default": 0, "min": 0}})";
    static constexpr auto doc = "plain loops on one thread";
    static constexpr auto type = "cpu";
    static std::string name() { return "one thread of the host"; }
    static std::string details() { return "{}"; }
};

/// What every kernel here refuses, and how long one takes: a nanosecond an operation.
Plan plan_for(const Node& node, double operations, const char* numerics = "reassociated") {
    for (int64_t i = 0; i < node.n_inputs(); ++i)
        if (node.input(i).dtype() != LM_F32)
            unsupported(std::string("it computes on f32 only, input ") + std::to_string(i) +
                        " is " + dtype_name(node.input(i).dtype()));
    if (node.output().dtype() != LM_F32)
        unsupported("it gives f32 only");
    if (node.has("epilogue") && !node.string("epilogue").empty())
        unsupported("it has no epilogues");
    Plan plan;
    plan.seconds = 1e-9 * operations;
    plan.numerics = numerics;
    return plan;
}
double count(const Node& node) { return static_cast<double>(node.output().elements()); }

/// body(o) for every position of the output.
template <class Body>
void for_each_position(const Spatial& extent, Body&& body) {
    for (int64_t d = 0; d < extent[0]; ++d)
        for (int64_t h = 0; h < extent[1]; ++h)
            for (int64_t w = 0; w < extent[2]; ++w)
                body(Spatial{d, h, w});
}

/// Where window entry r of output position o lies in x; false where that is padding.
bool position(const ConvParams& p, const Spatial& o, const Spatial& r, Spatial& in) {
    for (size_t a = 0; a < 3; ++a) {
        in[a] = o[a] * p.strides[a] + r[a] * p.dilations[a] - p.low[a];
        if (in[a] < 0 || in[a] >= p.in[a])
            return false;
    }
    return true;
}

struct Conv {
    static Plan describe(const Node& node) { return plan_for(node, ConvParams::of(node).flops()); }
    void run(const Node& node, const Args& args) const {
        const ConvParams p = ConvParams::of(node);
        const ActivationStrides xs = p.x_strides(), ys = p.y_strides();
        const float *x = args.in(0), *filter = args.in(1);
        float* y = args.out();
        std::vector<float> sum(static_cast<size_t>(p.k));
        for (int64_t n = 0; n < p.n; ++n)
            for_each_position(p.out, [&](const Spatial& o) {
                std::fill(sum.begin(), sum.end(), 0.0f);
                const float* row = filter; // [window..., C / groups, K]
                for_each_position(p.window, [&](const Spatial& r) {
                    Spatial in;
                    if (position(p, o, r, in))
                        accumulate(p, x, xs, n, in, row, sum);
                    row += p.c_group() * p.k;
                });
                for (int64_t k = 0; k < p.k; ++k)
                    y[ys(n, k, o[0], o[1], o[2])] = sum[static_cast<size_t>(k)];
            });
    }

  private:
    static void accumulate(const ConvParams& p, const float* x, const ActivationStrides& xs,
                           int64_t n, const Spatial& in, const float* filter,
                           std::vector<float>& sum) {
        for (int64_t k = 0; k < p.k; ++k) {
            const int64_t first = k / p.k_group() * p.c_group();
            for (int64_t c = 0; c < p.c_group(); ++c)
                sum[static_cast<size_t>(k)] +=
                    x[xs(n, first + c, in[0], in[1], in[2])] * filter[c * p.k + k];
        }
    }
};

struct MaxPool {
    static Plan describe(const Node& node) {
        const PoolParams p = PoolParams::of(node);
        return plan_for(node, count(node) * static_cast<double>(p.window_size()), "exact");
    }
    void run(const Node& node, const Args& args) const {
        const PoolParams p = PoolParams::of(node);
        const ActivationStrides xs = p.x_strides(), ys = p.y_strides();
        for (int64_t n = 0; n < p.n; ++n)
            for_each_position(p.out, [&](const Spatial& o) {
                for (int64_t c = 0; c < p.c; ++c)
                    args.out()[ys(n, c, o[0], o[1], o[2])] = window(p, args.in(0), xs, n, c, o);
            });
    }

  private:
    static float window(const PoolParams& p, const float* x, const ActivationStrides& xs, int64_t n,
                        int64_t c, const Spatial& o) {
        float most = -std::numeric_limits<float>::infinity();
        for (int64_t d = p.inside(0, o[0]).first; d < p.inside(0, o[0]).second; ++d)
            for (int64_t h = p.inside(1, o[1]).first; h < p.inside(1, o[1]).second; ++h)
                for (int64_t w = p.inside(2, o[2]).first; w < p.inside(2, o[2]).second; ++w) {
                    const float v = x[xs(n, c, d, h, w)];
                    if (std::isnan(v))
                        return v;
                    most = std::max(most, v);
                }
        return most;
    }
};

struct Matmul {
    static Plan describe(const Node& node) {
        const bool ta = node.boolean("transpose_a");
        return plan_for(node,
                        2 * count(node) * static_cast<double>(node.input(0).dim(ta ? -2 : -1)));
    }
    void run(const Node& node, const Args& args) const {
        const bool ta = node.boolean("transpose_a"), tb = node.boolean("transpose_b");
        const int64_t m = node.output().dim(-2), n = node.output().dim(-1),
                      k = node.input(0).dim(ta ? -2 : -1);
        const int64_t batches = m * n == 0 ? 0 : node.output().elements() / (m * n);
        const bool shared = node.input(1).rank() == 2; // one b for every leading index
        for (int64_t batch = 0; batch < batches; ++batch) {
            const float *a = args.in(0) + batch * m * k,
                        *b = args.in(1) + (shared ? 0 : batch * k * n);
            float* y = args.out() + batch * m * n;
            std::fill(y, y + m * n, 0.0f);
            for (int64_t i = 0; i < m; ++i)
                for (int64_t j = 0; j < k; ++j) {
                    const float value = ta ? a[j * m + i] : a[i * k + j];
                    for (int64_t o = 0; o < n; ++o)
                        y[i * n + o] += value * (tb ? b[o * k + j] : b[j * n + o]);
                }
        }
    }
};

struct Relu {
    static Plan describe(const Node& node) {
        Plan plan = plan_for(node, count(node), "exact");
        plan.in_place = 1;
        return plan;
    }
    void run(const Node& node, const Args& args) const {
        for (int64_t i = 0; i < node.output().elements(); ++i)
            args.out()[i] = args.in(0)[i] < 0 ? 0 : args.in(0)[i]; // a NaN stays one
    }
};

/// Numpy's broadcasting, an element at a time.
template <float (*F)(float, float)>
struct Binary {
    static Plan describe(const Node& node) { return plan_for(node, 10 * count(node)); }
    void run(const Node& node, const Args& args) const {
        const Dims shape = node.output().type().dims;
        const Dims a = broadcast_strides(node.input(0).dims(), shape),
                   b = broadcast_strides(node.input(1).dims(), shape);
        for (int64_t i = 0; i < node.output().elements(); ++i) {
            int64_t rest = i, at_a = 0, at_b = 0;
            for (size_t axis = shape.size(); axis-- > 0; rest /= shape[axis]) {
                at_a += rest % shape[axis] * a[axis];
                at_b += rest % shape[axis] * b[axis];
            }
            args.out()[i] = F(args.in(0)[at_a], args.in(1)[at_b]);
        }
    }
};
float plus(float a, float b) { return a + b; }
float minus(float a, float b) { return a - b; }
float times(float a, float b) { return a * b; }

/// The same elements under another shape.
struct Reshape {
    static Plan describe(const Node& node) { return plan_for(node, count(node), "exact"); }
    void run(const Node& node, const Args& args) const {
        std::memcpy(args.out(), args.in(0), static_cast<size_t>(node.output().bytes()));
    }
};

} // namespace

LAMINA_HOST_BACKEND(plain, Plain)
LAMINA_KERNEL(conv, "plain", "conv", "loops", 0, Conv)
LAMINA_KERNEL(max_pool, "plain", "max_pool", "loops", 0, MaxPool)
LAMINA_KERNEL(matmul, "plain", "matmul", "loops", 0, Matmul)
LAMINA_KERNEL(relu, "plain", "relu", "loops", 0, Relu)
LAMINA_KERNEL(add, "plain", "add", "loops", 0, Binary<plus>)
LAMINA_KERNEL(sub, "plain", "sub", "loops", 0, Binary<minus>)
LAMINA_KERNEL(mul, "plain", "mul", "loops", 0, Binary<times>)
LAMINA_KERNEL(reshape, "plain", "reshape", "copy", 0, Reshape)
LAMINA_KERNEL(copy, "plain", "copy", "copy", 0, Reshape)

LAMINA_PLUGIN("acme_plain", "1.0.0")
