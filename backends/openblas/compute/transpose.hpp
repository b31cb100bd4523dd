#pragma once

// Matrix transposition in batches: what turns channels_first into channels_last and back.

#include <algorithm>
#include <cstdint>

#include "compute/parallel.hpp"

namespace lamina::cpu {

/// to[b][c][r] = from[b][r][c].
template <class T>
void transpose_batch(const T* from, T* to, std::int64_t batch, std::int64_t rows,
                     std::int64_t columns, const Parallel& parallel) {
    // 16 x 16 floats are 16 whole cache lines on either side.
    constexpr std::int64_t side = 16;
    const std::int64_t strips = (rows + side - 1) / side;
    parallel.run(batch * strips, [&](std::int64_t task, std::int64_t) {
        const std::int64_t b = task / strips, r0 = task % strips * side;
        const std::int64_t r1 = std::min(r0 + side, rows);
        const T* source = from + b * rows * columns;
        T* target = to + b * rows * columns;
        for (std::int64_t c0 = 0; c0 < columns; c0 += side) {
            const std::int64_t c1 = std::min(c0 + side, columns);
            for (std::int64_t c = c0; c < c1; ++c)
                for (std::int64_t r = r0; r < r1; ++r)
                    target[c * rows + r] = source[r * columns + c];
        }
    });
}

} // namespace lamina::cpu
