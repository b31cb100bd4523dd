/// The arithmetic of sliding windows: convolutions and pools, for shape rules and kernels alike.
///
/// A node's attributes and shapes become one struct of numbers, checked once. Kernels loop over
/// three spatial dimensions D, H, W whatever the node's rank: a missing leading one has extent,
/// window, stride and dilation 1 and no padding.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <utility>

#include "lamina/plugin/node.hpp"

namespace lamina::plugin {

using Spatial = std::array<int64_t, 3>; // D, H, W

/// The span of a window with gaps: 1 + (window - 1) * dilation.
constexpr int64_t effective_window(int64_t window, int64_t dilation) {
    return (window - 1) * dilation + 1;
}

/// How many windows fit: floor((in + low + high - effective) / stride) + 1; below 1 when none does.
constexpr int64_t output_extent(int64_t in, int64_t low, int64_t high, int64_t effective,
                                int64_t stride) {
    const int64_t room = in + low + high - effective;
    return room < 0 ? 0 : room / stride + 1;
}

/// TensorFlow's "same": ceil(in / stride) windows, the odd pixel after. Returns {low, high}.
constexpr std::pair<int64_t, int64_t> same_padding(int64_t in, int64_t stride, int64_t effective) {
    const int64_t out = (in + stride - 1) / stride;
    const int64_t total = std::max<int64_t>((out - 1) * stride + effective - in, 0);
    return {total / 2, total - total / 2};
}

/// Where the elements of a [N, C, spatial...] or [N, spatial..., C] tensor lie:
/// offset = n * this->n + c * this->c + d * spatial[0] + h * spatial[1] + w * spatial[2].
struct ActivationStrides {
    int64_t n = 0;
    int64_t c = 0;
    Spatial spatial{};

    int64_t operator()(int64_t in, int64_t ic, int64_t d, int64_t h, int64_t w) const {
        return in * n + ic * c + d * spatial[0] + h * spatial[1] + w * spatial[2];
    }
};

inline ActivationStrides activation_strides(int64_t channels, const Spatial& extent,
                                            bool channels_last) {
    ActivationStrides s;
    s.c = channels_last ? 1 : extent[0] * extent[1] * extent[2];
    s.spatial[2] = channels_last ? channels : 1;
    s.spatial[1] = s.spatial[2] * extent[2];
    s.spatial[0] = s.spatial[1] * extent[1];
    s.n = channels * extent[0] * extent[1] * extent[2];
    return s;
}

/// The attribute data_format: true for "channels_last", false for "channels_first".
inline bool is_channels_last(const Node& node) {
    const std::string format = node.string("data_format");
    if (format != "channels_last" && format != "channels_first")
        invalid(std::string(node.op()) + ": data_format `" + format +
                "` must be channels_last or channels_first");
    return format == "channels_last";
}

namespace detail {

/// Entries of an attribute with one a spatial dimension; an empty list means `fill` for each.
inline Spatial spatial_attr(const Node& node, const char* name, int64_t rank, int64_t fill,
                            int64_t min) {
    const auto values = node.integers(name);
    if (!values.empty() && static_cast<int64_t>(values.size()) != rank)
        invalid(std::string(node.op()) + ": attribute `" + name + "` is " + to_string(values) +
                "; expected one entry for each of the " + std::to_string(rank) +
                " spatial dimensions, or none");
    Spatial result;
    result.fill(fill == 0 ? 0 : 1);
    for (int64_t i = 0; i < rank; ++i) {
        const int64_t v = values.empty() ? fill : values[static_cast<size_t>(i)];
        if (v < min)
            invalid(std::string(node.op()) + ": attribute `" + name + "` is " + to_string(values) +
                    "; every entry must be at least " + std::to_string(min));
        result[static_cast<size_t>(3 - rank + i)] = v;
    }
    return result;
}

/// The spatial extents among dims, from position `first`.
inline Spatial spatial_dims(std::span<const int64_t> dims, size_t first, int64_t rank) {
    Spatial result;
    result.fill(1);
    for (int64_t i = 0; i < rank; ++i)
        result[static_cast<size_t>(3 - rank + i)] = dims[first + static_cast<size_t>(i)];
    return result;
}

inline int64_t spatial_rank(const Node& node, const char* what, std::span<const int64_t> dims) {
    const auto rank = static_cast<int64_t>(dims.size()) - 2;
    if (rank < 1 || rank > 3)
        invalid(std::string(node.op()) + ": " + what + " has shape " + to_string(dims) +
                "; expected a batch, channels and 1 to 3 spatial dimensions");
    for (const int64_t d : dims)
        if (d < 1)
            invalid(std::string(node.op()) + ": " + what + " has shape " + to_string(dims) +
                    "; every dimension must be at least 1");
    return rank;
}

} // namespace detail

/// What all window operators share. in and out are spatial extents.
struct WindowParams {
    int64_t rank = 2; // spatial dimensions, 1 to 3
    bool channels_last = true;
    int64_t n = 0; // batch
    int64_t c = 0; // channels of x
    Spatial in{}, out{}, window{}, strides{}, low{}, high{}, dilations{};

    /// The shape with these channels and extents, in the node's data format.
    Dims shape(int64_t channels, const Spatial& extent) const {
        Dims dims{n};
        if (!channels_last)
            dims.push_back(channels);
        for (int64_t i = 3 - rank; i < 3; ++i)
            dims.push_back(extent[static_cast<size_t>(i)]);
        if (channels_last)
            dims.push_back(channels);
        return dims;
    }
    Dims x_shape() const { return shape(c, in); }
    ActivationStrides x_strides() const { return activation_strides(c, in, channels_last); }

    int64_t in_size() const { return in[0] * in[1] * in[2]; }
    int64_t out_size() const { return out[0] * out[1] * out[2]; }
    int64_t window_size() const { return window[0] * window[1] * window[2]; }

  protected:
    void read_x(const Node& node, std::span<const int64_t> dims) {
        rank = detail::spatial_rank(node, "x", dims);
        channels_last = is_channels_last(node);
        n = dims[0];
        c = channels_last ? dims.back() : dims[1];
        in = detail::spatial_dims(dims, channels_last ? 1 : 2, rank);
    }
    /// After in, window, strides, padding and dilations are known.
    void slide(const Node& node) {
        for (size_t i = 0; i < 3; ++i) {
            const int64_t effective = effective_window(window[i], dilations[i]);
            out[i] = output_extent(in[i], low[i], high[i], effective, strides[i]);
            if (out[i] < 1)
                invalid(std::string(node.op()) + ": a window of " + std::to_string(effective) +
                        (dilations[i] > 1 ? " (dilated)" : "") + " does not fit into " +
                        std::to_string(in[i]) + " padded by " + std::to_string(low[i]) + " and " +
                        std::to_string(high[i]) + " (x " + to_string(x_shape()) +
                        "): pad more, or shrink the window");
        }
    }
};

/// conv, conv_backward_data and conv_backward_filter.
///
/// x: [N, C, in...]; filter: [window..., C / groups, K]; y: [N, K, out...]; activations in the
/// node's data format. Output channel k reads the input channels of group k / (K / groups).
struct ConvParams : WindowParams {
    int64_t k = 0;
    int64_t groups = 1;

    /// Reads any of the three nodes, from its inputs and attributes. Throws what does not fit.
    static ConvParams of(const Node& node) {
        if (node.is("conv_backward_data")) {
            const Dims x = node.dims("input_shape");
            const ConvParams p(node, x, node.input(1).dims());
            p.expect_y(node, node.input(0).dims());
            return p;
        }
        if (node.is("conv_backward_filter")) {
            const Dims filter = node.dims("filter_shape");
            const ConvParams p(node, node.input(0).dims(), filter);
            p.expect_y(node, node.input(1).dims());
            return p;
        }
        return {node, node.input(0).dims(), node.input(1).dims()};
    }

    int64_t c_group() const { return c / groups; }
    int64_t k_group() const { return k / groups; }
    Dims y_shape() const { return shape(k, out); }
    ActivationStrides y_strides() const { return activation_strides(k, out, channels_last); }
    Dims filter_shape() const {
        Dims dims(window.end() - rank, window.end());
        dims.push_back(c_group());
        dims.push_back(k);
        return dims;
    }
    /// Every filter entry 1 and stride 1 without padding: the convolution is a matrix product.
    bool pointwise() const {
        return window_size() == 1 && strides == Spatial{1, 1, 1} && low == Spatial{} &&
               high == Spatial{};
    }
    bool depthwise() const { return groups == c && groups > 1; }
    /// Multiplications and additions of any of the three, padding counted as work.
    double flops() const {
        return 2.0 * static_cast<double>(n * out_size()) *
               static_cast<double>(k * window_size() * c_group());
    }

  private:
    ConvParams(const Node& node, std::span<const int64_t> x, std::span<const int64_t> filter) {
        read_x(node, x);
        const auto filter_rank = static_cast<int64_t>(filter.size());
        if (filter_rank != rank + 2)
            invalid(std::string(node.op()) + ": x " + to_string(x) + " needs a filter of rank " +
                    std::to_string(rank + 2) + ", got " + to_string(filter));
        if (*std::min_element(filter.begin(), filter.end()) < 1)
            invalid(std::string(node.op()) + ": the filter has shape " + to_string(filter) +
                    "; every dimension must be at least 1");
        k = filter.back();
        groups = node.integer("groups");
        if (groups < 1 || c % groups != 0 || k % groups != 0)
            invalid(std::string(node.op()) + ": " + std::to_string(groups) +
                    " groups must divide the " + std::to_string(c) + " input channels and the " +
                    std::to_string(k) + " filters (x " + to_string(x) + ", filter " +
                    to_string(filter) + ")");
        if (const int64_t takes = filter[filter.size() - 2]; takes != c / groups)
            invalid(std::string(node.op()) + ": the filter " + to_string(filter) + " takes " +
                    std::to_string(takes) + " channels, x " + to_string(x) + " has " +
                    std::to_string(c / groups) + (groups > 1 ? " a group" : "") + " (" +
                    node.string("data_format") + ")");
        window = detail::spatial_dims(filter, 0, rank);
        strides = detail::spatial_attr(node, "strides", rank, 1, 1);
        dilations = detail::spatial_attr(node, "dilations", rank, 1, 1);
        low = detail::spatial_attr(node, "padding_low", rank, 0, 0);
        high = detail::spatial_attr(node, "padding_high", rank, 0, 0);
        slide(node);
    }
    void expect_y(const Node& node, std::span<const int64_t> dy) const {
        const Dims expected = y_shape();
        if (!std::equal(dy.begin(), dy.end(), expected.begin(), expected.end()))
            invalid(std::string(node.op()) + ": dy is " + to_string(dy) + ", but x " +
                    to_string(x_shape()) + " and the filter " + to_string(filter_shape()) +
                    " give " + to_string(expected));
    }
};

/// max_pool, max_pool_grad, avg_pool and avg_pool_grad. Channels stay apart: y is [N, C, out...].
struct PoolParams : WindowParams {
    static PoolParams of(const Node& node) {
        PoolParams p;
        const Dims x =
            node.is("avg_pool_grad") ? node.dims("input_shape") : node.input(0).type().dims;
        p.read_x(node, x);
        if (node.integers("window").empty())
            invalid(std::string(node.op()) + ": attribute `window` is empty");
        p.window = detail::spatial_attr(node, "window", p.rank, 1, 1);
        p.strides = detail::spatial_attr(node, "strides", p.rank, 1, 1);
        p.low = detail::spatial_attr(node, "padding_low", p.rank, 0, 0);
        p.high = detail::spatial_attr(node, "padding_high", p.rank, 0, 0);
        p.dilations.fill(1);
        for (size_t i = 0; i < 3; ++i)
            if (p.low[i] >= p.window[i] || p.high[i] >= p.window[i])
                invalid(std::string(node.op()) + ": padding of " + std::to_string(p.low[i]) +
                        " and " + std::to_string(p.high[i]) + " leaves a window of " +
                        std::to_string(p.window[i]) +
                        " without an element; it must be smaller than the window");
        p.slide(node);
        return p;
    }

    Dims y_shape() const { return shape(c, out); }
    ActivationStrides y_strides() const { return activation_strides(c, out, channels_last); }

    /// The part [first, last) of the window at output position o that lies in x, in x's
    /// coordinates. It is never empty.
    std::pair<int64_t, int64_t> inside(size_t axis, int64_t o) const {
        const int64_t begin = o * strides[axis] - low[axis];
        return {std::max<int64_t>(begin, 0), std::min(begin + window[axis], in[axis])};
    }
};

} // namespace lamina::plugin
