#pragma once

// The copy of the source that one block of target pixels reads, with zeros where the padding is.

#include "compute/gather.hpp"

namespace lamina::cpu {

/// Copies the lines that `lines` target lines from first_line on read, at a target depth, into
/// region: [depth taps, extent[1], extent[2], pixel_stride], of which plan.source_channels are
/// used.
void copy_region(const GatherPlan& plan, const Extent3& extent, std::int64_t pixel_stride,
                 const float* image, std::int64_t depth, std::int64_t first_line,
                 std::int64_t lines, float* region);

} // namespace lamina::cpu
