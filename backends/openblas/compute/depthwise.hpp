#pragma once

// Convolution with one input and one output channel a group: vectors along the channels.

#include <array>
#include <vector>

#include "compute/conv_shape.hpp"
#include "compute/epilogue.hpp"
#include "compute/parallel.hpp"

namespace lamina::cpu {

/// Along one dimension: which source element meets which tap of the filter at a target element.
struct DepthwiseLink {
    std::int64_t source, tap;
};

class DepthwisePlan {
  public:
    static DepthwisePlan forward(const ConvShape& shape);
    static DepthwisePlan backward_data(const ConvShape& shape);

    double seconds() const;
    void run(const float* source, const float* filter, float* target, const Epilogue& epilogue,
             const Parallel& parallel) const;

    ConvShape shape;
    Extent3 source{}, target{};
    /// links[dimension][target index]
    std::array<std::vector<std::vector<DepthwiseLink>>, 3> links;
};

/// filter_gradient[tap][c] = sum over pixels of x[pixel + tap][c] * dy[pixel][c].
void depthwise_filter_gradient(const ConvShape& shape, const float* x, const float* dy,
                               float* filter_gradient, const Parallel& parallel);

} // namespace lamina::cpu
