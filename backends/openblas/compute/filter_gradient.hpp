#pragma once

// The gradient to the filter as a product: dF[tap, c, k] = sum over pixels x[pixel + tap, c] *
// dy[pixel, k]. The sum is cut into chunks of images, whose number depends on shapes only; each
// chunk adds into a partial filter of its own, and the partials are added in order.

#include "compute/gather.hpp"

namespace lamina::cpu {

class FilterGradientPlan {
  public:
    explicit FilterGradientPlan(const ConvShape& shape);

    std::int64_t workspace_bytes(std::int64_t workers) const {
        return partial_bytes() + workers * scratch_bytes();
    }
    void run(const float* x, const float* dy, float* filter_gradient, void* workspace,
             const Parallel& parallel) const;

    /// Estimated seconds on one core.
    double seconds() const;

    // What follows is read by the inner loops.
    std::int64_t partial_bytes() const;
    std::int64_t scratch_bytes() const { return region_bytes() + packed_bytes(); }
    std::int64_t region_bytes() const;
    std::int64_t packed_bytes() const;

    GatherPlan forward; ///< runs and taps of the forward pass
    ConvShape shape;
    std::int64_t pixel_stride; ///< of the copied source, in floats
    Extent3 region{};
    std::int64_t block_rows, blocks; ///< target lines in a block; blocks of one depth
    std::int64_t chunks, splits;     ///< the sum over pixels; the filter's runs
    std::vector<Run> runs;
    std::int64_t run_length;
    std::vector<Panel> panels;
    std::int64_t packed_columns = 0;
};

} // namespace lamina::cpu
