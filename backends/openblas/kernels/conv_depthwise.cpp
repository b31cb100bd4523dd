// Depthwise convolution: a group for each channel, one filter each.

#include "compute/depthwise.hpp"
#include "kernels/conv_kernel.hpp"

namespace lamina::cpu {
namespace {

const ConvShape& accepted(const ConvShape& shape) {
    if (shape.groups != shape.in_channels || shape.groups != shape.out_channels)
        plugin::unsupported("it takes one input and one output channel a group");
    return shape;
}

template <bool IsForward>
class Depthwise {
  public:
    static constexpr const char* numerics = "reassociated";
    bool runs_program() const { return false; }
    explicit Depthwise(const ConvShape& shape)
        : plan_{IsForward ? DepthwisePlan::forward(accepted(shape))
                          : DepthwisePlan::backward_data(accepted(shape))} {}
    double seconds() const { return plan_.seconds(); }
    std::int64_t workspace_bytes(std::int64_t) const { return 0; }
    void run(const float* source, const float* filter, float* target, const Epilogue& epilogue,
             void*, const Parallel& parallel) const {
        plan_.run(source, filter, target, epilogue, parallel);
    }

  private:
    DepthwisePlan plan_;
};

class DepthwiseFilter {
  public:
    static constexpr const char* numerics = "reassociated";
    explicit DepthwiseFilter(const ConvShape& shape) : shape_{accepted(shape)} {}
    double seconds() const { return DepthwisePlan::forward(shape_).seconds(); }
    std::int64_t workspace_bytes(std::int64_t) const { return 0; }
    void run(const float* x, const float* dy, float* gradient, void*,
             const Parallel& parallel) const {
        depthwise_filter_gradient(shape_, x, dy, gradient, parallel);
    }

  private:
    ConvShape shape_;
};

using Forward = ConvKernel<Depthwise<true>, true>;
using BackwardData = ConvKernel<Depthwise<false>, false>;
using BackwardFilter = ConvFilterKernel<DepthwiseFilter>;

LAMINA_KERNEL(forward, "openblas", "conv", "depthwise", 15, Forward)
LAMINA_KERNEL(backward_data, "openblas", "conv_backward_data", "depthwise", 15, BackwardData)
LAMINA_KERNEL(backward_filter, "openblas", "conv_backward_filter", "depthwise", 15, BackwardFilter)

} // namespace
} // namespace lamina::cpu
