// conv and its two backward operators: the same sum over output positions, window entries and
// channels, gathered into y, dx or the filter's gradient. The equations are beside the shape rules
// in engine/src/ops/conv*.cpp.
#include "evaluate.hpp"

namespace lamina::reference {
namespace {

struct ConvKernel {
    static Plan describe(const Node& node) { return plain_loops(ConvParams::of(node).flops()); }
};

/// Where row [r, c, :] of the filter begins; c counts all input channels.
int64_t filter_row(const ConvParams& p, const Spatial& r, int64_t c) {
    return (flat(r, p.window) * p.c_group() + c % p.c_group()) * p.k;
}

/// The output channels [first, last) that read input channel c.
std::pair<int64_t, int64_t> readers(const ConvParams& p, int64_t c) {
    const int64_t group = c / p.c_group();
    return {group * p.k_group(), (group + 1) * p.k_group()};
}

struct Conv : ConvKernel {
    void run(const Node& node, const Args& args) const {
        const ConvParams p = ConvParams::of(node);
        const ActivationStrides xs = p.x_strides(), ys = p.y_strides();
        const Reals x = load(node, args, 0), filter = load(node, args, 1);
        Reals y(static_cast<size_t>(elements(p.y_shape())));
        args.parallel_for(p.n, 1, [&](int64_t begin, int64_t end) {
            Reals sum(static_cast<size_t>(p.k));
            for (int64_t n = begin; n < end; ++n)
                for_each_position(p.out, [&](const Spatial& o) {
                    sum.assign(sum.size(), 0);
                    for_each_in_window(p, o, [&](const Spatial& r, const Spatial& i) {
                        for (int64_t c = 0; c < p.c; ++c) {
                            const double value = x[at(xs, n, c, i)];
                            const double* row = &filter[filter_row(p, r, c)];
                            const auto [first, last] = readers(p, c);
                            for (int64_t k = first; k < last; ++k)
                                sum[k] += value * row[k];
                        }
                    });
                    for (int64_t k = 0; k < p.k; ++k)
                        y[at(ys, n, k, o)] = sum[k];
                });
        });
        store_through_epilogue(node, args, 2, y);
    }
};

struct ConvBackwardData : ConvKernel {
    void run(const Node& node, const Args& args) const {
        const ConvParams p = ConvParams::of(node);
        const ActivationStrides xs = p.x_strides(), ys = p.y_strides();
        const Reals dy = load(node, args, 0), filter = load(node, args, 1);
        Reals dx(static_cast<size_t>(elements(p.x_shape())));
        args.parallel_for(p.n, 1, [&](int64_t begin, int64_t end) {
            Reals dy_row(static_cast<size_t>(p.k));
            for (int64_t n = begin; n < end; ++n)
                for_each_position(p.out, [&](const Spatial& o) {
                    for (int64_t k = 0; k < p.k; ++k)
                        dy_row[k] = dy[at(ys, n, k, o)];
                    for_each_in_window(p, o, [&](const Spatial& r, const Spatial& i) {
                        for (int64_t c = 0; c < p.c; ++c) {
                            const double* row = &filter[filter_row(p, r, c)];
                            const auto [first, last] = readers(p, c);
                            double sum = 0;
                            for (int64_t k = first; k < last; ++k)
                                sum += dy_row[k] * row[k];
                            dx[at(xs, n, c, i)] += sum;
                        }
                    });
                });
        });
        store_through_epilogue(node, args, 2, dx);
    }
};

struct ConvBackwardFilter : ConvKernel {
    void run(const Node& node, const Args& args) const {
        const ConvParams p = ConvParams::of(node);
        const ActivationStrides xs = p.x_strides(), ys = p.y_strides();
        const Reals x = load(node, args, 0), dy = load(node, args, 1);
        Reals dfilter(static_cast<size_t>(elements(p.filter_shape())));
        // Samples are added in order, so the work is cut by input channel.
        args.parallel_for(p.c_group(), 1, [&](int64_t begin, int64_t end) {
            Reals dy_row(static_cast<size_t>(p.k));
            for (int64_t n = 0; n < p.n; ++n)
                for_each_position(p.out, [&](const Spatial& o) {
                    for (int64_t k = 0; k < p.k; ++k)
                        dy_row[k] = dy[at(ys, n, k, o)];
                    for_each_in_window(p, o, [&](const Spatial& r, const Spatial& i) {
                        for (int64_t g = 0; g < p.groups; ++g)
                            for (int64_t c = g * p.c_group() + begin; c < g * p.c_group() + end;
                                 ++c) {
                                const double value = x[at(xs, n, c, i)];
                                double* row = &dfilter[filter_row(p, r, c)];
                                const auto [first, last] = readers(p, c);
                                for (int64_t k = first; k < last; ++k)
                                    row[k] += value * dy_row[k];
                            }
                    });
                });
        });
        store(node, args, 0, dfilter);
    }
};

LAMINA_KERNEL(conv, "reference", "conv", "plain", 0, Conv)
LAMINA_KERNEL(conv_backward_data, "reference", "conv_backward_data", "plain", 0, ConvBackwardData)
LAMINA_KERNEL(conv_backward_filter, "reference", "conv_backward_filter", "plain", 0,
              ConvBackwardFilter)

} // namespace
} // namespace lamina::reference
