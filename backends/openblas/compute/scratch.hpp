#pragma once

// How a gather's workspace is laid out: the packed filter, then one scratch area for each worker.

#include "compute/gather.hpp"

namespace lamina::cpu {

constexpr std::int64_t round_up(std::int64_t value, std::int64_t multiple) {
    return (value + multiple - 1) / multiple * multiple;
}

/// Cache lines, and the alignment of AVX-512.
constexpr std::int64_t workspace_alignment = 64;

/// A worker's scratch: the padded source of a block, and where each pixel reads and writes.
struct BlockScratch {
    BlockScratch(const GatherPlan& plan, char* at)
        : region{reinterpret_cast<float*>(at)}, from{reinterpret_cast<const float**>(
                                                    at + plan.region_bytes())},
          to{reinterpret_cast<float**>(at + plan.region_bytes() + plan.pointer_bytes())} {}

    float* region;
    const float** from;
    float** to;
};

} // namespace lamina::cpu
