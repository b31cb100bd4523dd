/// The operators of networks: convolution, pooling, normalisation, resizing, random draws. One
/// function each; their mathematics stands in engine/src/ops.
#pragma once

#include <string>
#include <utility>

#include "lamina/plugin/graph.hpp"

namespace lamina::plugin {

/// One entry a spatial dimension; an empty list means stride and dilation 1, padding 0.
struct ConvOptions {
    Dims strides, padding_low, padding_high, dilations;
    int64_t groups = 1;
    std::string data_format = "channels_last";

    Attrs attrs() const {
        return {
            {"strides", strides},     {"padding_low", padding_low}, {"padding_high", padding_high},
            {"dilations", dilations}, {"groups", groups},           {"data_format", data_format}};
    }
};

/// filter: [spatial..., C / groups, K].
inline Value conv(Value x, Value filter, const ConvOptions& options) {
    return x.graph().node("conv", {x, filter}, options.attrs());
}
/// The gradient of conv with respect to an x of input_shape; used forward, transposed convolution.
inline Value conv_backward_data(Value dy, Value filter, const Dims& input_shape,
                                const ConvOptions& options) {
    Attrs attrs = options.attrs();
    attrs.push_back({"input_shape", input_shape});
    return dy.graph().node("conv_backward_data", {dy, filter}, attrs);
}
inline Value conv_backward_filter(Value x, Value dy, const Dims& filter_shape,
                                  const ConvOptions& options) {
    Attrs attrs = options.attrs();
    attrs.push_back({"filter_shape", filter_shape});
    return x.graph().node("conv_backward_filter", {x, dy}, attrs);
}

struct PoolOptions {
    Dims window, strides, padding_low, padding_high;
    std::string data_format = "channels_last";

    Attrs attrs() const {
        return {{"window", window},
                {"strides", strides},
                {"padding_low", padding_low},
                {"padding_high", padding_high},
                {"data_format", data_format}};
    }
};

inline Value max_pool(Value x, const PoolOptions& options) {
    return x.graph().node("max_pool", {x}, options.attrs());
}
inline Value avg_pool(Value x, const PoolOptions& options) {
    return x.graph().node("avg_pool", {x}, options.attrs());
}

struct BatchNorm {
    Value y, mean, variance; // variance is the biased one
};
inline BatchNorm batch_norm_training(Value x, Value gamma, Value beta, double epsilon,
                                     int64_t axis) {
    const Value in[] = {x, gamma, beta};
    const Values out =
        x.graph().nodes("batch_norm_training", in, {{"epsilon", epsilon}, {"axis", axis}});
    return {out.at(0), out.at(1), out.at(2)};
}
inline Value batch_norm_inference(Value x, Value gamma, Value beta, Value mean, Value variance,
                                  double epsilon, int64_t axis) {
    return x.graph().node("batch_norm_inference", {x, gamma, beta, mean, variance},
                          {{"epsilon", epsilon}, {"axis", axis}});
}

/// size: the spatial dimensions of the result. method: "nearest" or "bilinear".
inline Value resize(Value x, const Dims& size, const std::string& method,
                    const std::string& data_format) {
    return x.graph().node("resize", {x},
                          {{"size", size}, {"method", method}, {"data_format", data_format}});
}

/// Draws. batched: the first dimension is the sample, so that a sample draws the same numbers in
/// whatever batch it comes.
inline Value random_uniform(Graph& graph, const Dims& shape, double low, double high,
                            bool batched) {
    return graph.node("random_uniform", {graph.rng_state()},
                      {{"shape", shape}, {"low", low}, {"high", high}, {"batched", batched}});
}
/// truncated: within two standard deviations of the mean.
inline Value random_normal(Graph& graph, const Dims& shape, double mean, double stddev,
                           bool truncated, bool batched) {
    return graph.node("random_normal", {graph.rng_state()},
                      {{"shape", shape},
                       {"mean", mean},
                       {"stddev", stddev},
                       {"truncated", truncated},
                       {"batched", batched}});
}
/// 1 with this probability, else 0, as f32.
inline Value random_bernoulli(Graph& graph, const Dims& shape, double probability, bool batched) {
    return graph.node("random_bernoulli", {graph.rng_state()},
                      {{"shape", shape}, {"probability", probability}, {"batched", batched}});
}

/// The mean over all axes but the first: what losses and metrics give, [N].
inline Value mean_per_sample(Value x) {
    Dims axes;
    for (int64_t axis = 1; axis < x.rank(); ++axis)
        axes.push_back(axis);
    return axes.empty() ? x : reduce_mean(x, axes);
}

/// logits, labels: [..., C]; -sum labels * log_softmax(logits) over the last axis.
inline Value softmax_cross_entropy(Value logits, Value labels) {
    return logits.graph().node("softmax_cross_entropy", {logits, labels});
}

/// The k largest along the last axis, and their indices; of equals the first.
inline std::pair<Value, Value> top_k(Value x, int64_t k) {
    const Values out = x.graph().nodes("top_k", {&x, 1}, {{"k", k}});
    return {out.at(0), out.at(1)};
}

} // namespace lamina::plugin
