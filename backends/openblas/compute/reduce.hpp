#pragma once

// Reductions over any axes. Sums are blocked: floats within a block whose length depends on the
// shape only, doubles across blocks, so that the error does not grow with the length.

#include <cstdint>
#include <span>
#include <vector>

#include "compute/parallel.hpp"

namespace lamina::cpu {

enum class Reduction { sum, mean, max, min, prod };

/// x as alternating groups of kept and reduced dimensions, neighbours joined.
class ReducePlan {
  public:
    ReducePlan(std::span<const std::int64_t> dims, std::span<const std::int64_t> axes);

    std::int64_t workspace_bytes() const;
    /// dtype: of both sides, an lm_dtype.
    void run(Reduction reduction, std::int32_t dtype, const void* x, void* y, void* workspace,
             const Parallel& parallel) const;

    struct Group {
        std::int64_t count, stride;
    };
    std::vector<Group> kept, reduced; ///< outermost first
    std::int64_t outputs = 1, count = 1;

    /// x is [outputs, count]: each result from neighbours.
    bool rows() const { return reduced.size() == 1 && reduced[0].stride == 1; }
    /// x is [outer, count, inner]: each result from a column.
    bool columns() const {
        return reduced.size() == 1 && reduced[0].stride > 1 && !kept.empty() &&
               kept.back().stride == 1 && kept.back().count == reduced[0].stride;
    }
    std::int64_t inner() const { return kept.back().count; }
    std::int64_t outer() const { return outputs / inner(); }
    /// Blocks that a column is cut into.
    std::int64_t column_chunks() const;
};

} // namespace lamina::cpu
