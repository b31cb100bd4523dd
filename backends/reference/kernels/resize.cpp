// resize, sampled at half-pixel centres, and its transpose resize_grad: both walk over the samples
// (the larger side of the operator) and the elements that each reads, with their weights.
#include <array>

#include "indices.hpp"
#include "tensors.hpp"

namespace lamina::reference {
namespace {

struct Tap {
    int64_t index;
    double weight;
};

/// What sample i of `out` reads along one dimension of extent `in`. Its centre is
/// (i + 1/2) * in / out = (2 i + 1) * in / (2 out), kept as a fraction so that nothing is rounded.
std::vector<Tap> taps(bool linear, int64_t i, int64_t in, int64_t out) {
    const int64_t numerator = (2 * i + 1) * in, denominator = 2 * out;
    if (!linear)
        return {{std::min(numerator / denominator, in - 1), 1.0}};
    const double centre =
        static_cast<double>(numerator - out) / static_cast<double>(denominator); // minus 1/2
    const double below = std::floor(centre), weight = centre - below;
    const auto low = std::max<int64_t>(static_cast<int64_t>(below), 0);
    const auto high = std::min<int64_t>(static_cast<int64_t>(below) + 1, in - 1);
    return {{low, 1 - weight}, {high, weight}};
}

/// body(x_offset, y_offset, weight) for every element that a sample reads.
template <class Body>
void for_each_tap(const Node& node, const Dims& x, const Dims& y, Body&& body) {
    const bool channels_last = node.string("data_format") != "channels_first";
    const bool linear = node.string("method") == "bilinear";
    const auto rank = static_cast<int64_t>(x.size()) - 2;
    const size_t first = channels_last ? 1 : 2;
    const int64_t channels = channels_last ? x.back() : x[1];
    const Spatial in = plugin::detail::spatial_dims(x, first, rank);
    const Spatial out = plugin::detail::spatial_dims(y, first, rank);
    const ActivationStrides xs = activation_strides(channels, in, channels_last);
    const ActivationStrides ys = activation_strides(channels, out, channels_last);
    for_each_position(out, [&](const Spatial& o) {
        for (const Tap& d : taps(linear, o[0], in[0], out[0]))
            for (const Tap& h : taps(linear, o[1], in[1], out[1]))
                for (const Tap& w : taps(linear, o[2], in[2], out[2]))
                    for (int64_t n = 0; n < x[0]; ++n)
                        for (int64_t c = 0; c < channels; ++c)
                            body(static_cast<size_t>(at(xs, n, c, {d.index, h.index, w.index})),
                                 static_cast<size_t>(at(ys, n, c, o)),
                                 d.weight * h.weight * w.weight);
    });
}

struct Resize : PerElement {
    void run(const Node& node, const Args& args) const {
        const Reals x = load(node, args, 0);
        Reals y(static_cast<size_t>(node.output().elements()));
        for_each_tap(node, node.input(0).type().dims, node.output().type().dims,
                     [&](size_t i, size_t o, double weight) { y[o] += weight * x[i]; });
        store(node, args, 0, y);
    }
};

struct ResizeGrad : PerElement {
    void run(const Node& node, const Args& args) const {
        const Reals dy = load(node, args, 0);
        Reals dx(static_cast<size_t>(node.output().elements()));
        for_each_tap(node, node.output().type().dims, node.input(0).type().dims,
                     [&](size_t i, size_t o, double weight) { dx[i] += weight * dy[o]; });
        store(node, args, 0, dx);
    }
};

LAMINA_KERNEL(resize, "reference", "resize", "plain", 0, Resize)
LAMINA_KERNEL(resize_grad, "reference", "resize_grad", "plain", 0, ResizeGrad)

} // namespace
} // namespace lamina::reference
