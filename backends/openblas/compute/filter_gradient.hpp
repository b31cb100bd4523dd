#pragma once

// The gradient to the filter as a product: dF[tap, c, k] = sum over pixels x[pixel + tap, c] *
// dy[pixel, k]. The sum is cut into chunks of images, whose number depends on shapes only; each
// chunk adds into a partial filter of its own, and the partials are added in order. Large filters
// are rather cut themselves, by runs and columns.

#include "compute/gather.hpp"

namespace lamina::cpu {

class FilterGradientPlan {
  public:
    /// workers: the threads that the work is cut for; the result has the same bits for any number.
    explicit FilterGradientPlan(const ConvShape& shape, std::int64_t workers = 1);

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
    std::int64_t chunks;             ///< of the sum over pixels; depends on the shape only
    std::int64_t splits;             ///< of the filter's runs
    std::int64_t column_groups;      ///< of the panels
    std::vector<Run> runs;
    std::int64_t run_length;
    std::vector<Panel> panels;
    std::int64_t packed_columns = 0;

    std::int64_t pieces() const { return shape.batch * shape.out[0] * blocks; }
    std::int64_t first_panel(std::int64_t column_group) const {
        return static_cast<std::int64_t>(panels.size()) * column_group / column_groups;
    }

  private:
    double multiply_cycles() const;
    double copy_cycles() const; ///< of x
    double pack_cycles() const; ///< of dy
    std::int64_t best_chunks() const;
    void cut_tasks(std::int64_t workers);
};

} // namespace lamina::cpu
