// Maximum and average pooling, and their gradients. Padding is left out: it counts as -infinity
// for the maximum and neither in the sum nor in the count for the mean.
#include "arithmetic.hpp"
#include "indices.hpp"

namespace lamina::reference {
namespace {

struct PoolKernel {
    static Plan describe(const Node& node) {
        const PoolParams p = PoolParams::of(node);
        return plain_loops(5.0 * static_cast<double>(p.n * p.c * p.out_size() * p.window_size()));
    }
};

/// body(n, c, o) for every window.
template <class Body>
void for_each_window(const PoolParams& p, Body&& body) {
    for (int64_t n = 0; n < p.n; ++n)
        for (int64_t c = 0; c < p.c; ++c)
            for_each_position(p.out, [&](const Spatial& o) { body(n, c, o); });
}

/// How many elements of x the window at o holds.
int64_t count(const PoolParams& p, const Spatial& o) {
    int64_t n = 0;
    for_each_in_window(p, o, [&](const Spatial&, const Spatial&) { ++n; });
    return n;
}

/// A NaN in a window gives NaN, as in PyTorch.
struct MaxPool : PoolKernel {
    void run(const Node& node, const Args& args) const {
        const PoolParams p = PoolParams::of(node);
        const ActivationStrides xs = p.x_strides(), ys = p.y_strides();
        const Reals x = load(node, args, 0);
        Reals y(static_cast<size_t>(elements(p.y_shape())));
        for_each_window(p, [&](int64_t n, int64_t c, const Spatial& o) {
            double maximum = -std::numeric_limits<double>::infinity();
            for_each_in_window(p, o, [&](const Spatial&, const Spatial& i) {
                maximum = calculate(Element::maximum, maximum, x[at(xs, n, c, i)]);
            });
            y[at(ys, n, c, o)] = maximum;
        });
        store(node, args, 0, y);
    }
};

/// dy goes to the first element, in row-major order of the window, that equals y (or is NaN where
/// y is NaN).
struct MaxPoolGrad : PoolKernel {
    void run(const Node& node, const Args& args) const {
        const PoolParams p = PoolParams::of(node);
        const ActivationStrides xs = p.x_strides(), ys = p.y_strides();
        const Reals x = load(node, args, 0), y = load(node, args, 1), dy = load(node, args, 2);
        Reals dx(static_cast<size_t>(elements(p.x_shape())));
        for_each_window(p, [&](int64_t n, int64_t c, const Spatial& o) {
            const double maximum = y[at(ys, n, c, o)];
            bool found = false;
            for_each_in_window(p, o, [&](const Spatial&, const Spatial& i) {
                const double value = x[at(xs, n, c, i)];
                const bool same = value == maximum || (std::isnan(value) && std::isnan(maximum));
                if (same && !found)
                    dx[at(xs, n, c, i)] += dy[at(ys, n, c, o)];
                found = found || same;
            });
        });
        store(node, args, 0, dx);
    }
};

struct AvgPool : PoolKernel {
    void run(const Node& node, const Args& args) const {
        const PoolParams p = PoolParams::of(node);
        const ActivationStrides xs = p.x_strides(), ys = p.y_strides();
        const Reals x = load(node, args, 0);
        Reals y(static_cast<size_t>(elements(p.y_shape())));
        for_each_window(p, [&](int64_t n, int64_t c, const Spatial& o) {
            double sum = 0;
            for_each_in_window(
                p, o, [&](const Spatial&, const Spatial& i) { sum += x[at(xs, n, c, i)]; });
            y[at(ys, n, c, o)] = sum / static_cast<double>(count(p, o));
        });
        store(node, args, 0, y);
    }
};

struct AvgPoolGrad : PoolKernel {
    void run(const Node& node, const Args& args) const {
        const PoolParams p = PoolParams::of(node);
        const ActivationStrides xs = p.x_strides(), ys = p.y_strides();
        const Reals dy = load(node, args, 0);
        Reals dx(static_cast<size_t>(elements(p.x_shape())));
        for_each_window(p, [&](int64_t n, int64_t c, const Spatial& o) {
            const double share = dy[at(ys, n, c, o)] / static_cast<double>(count(p, o));
            for_each_in_window(
                p, o, [&](const Spatial&, const Spatial& i) { dx[at(xs, n, c, i)] += share; });
        });
        store(node, args, 0, dx);
    }
};

LAMINA_KERNEL(max_pool, "reference", "max_pool", "plain", 0, MaxPool)
LAMINA_KERNEL(max_pool_grad, "reference", "max_pool_grad", "plain", 0, MaxPoolGrad)
LAMINA_KERNEL(avg_pool, "reference", "avg_pool", "plain", 0, AvgPool)
LAMINA_KERNEL(avg_pool_grad, "reference", "avg_pool_grad", "plain", 0, AvgPoolGrad)

} // namespace
} // namespace lamina::reference
