#pragma once

// What the cost models share: cycles of the register tiles, from their multiply-adds and what goes
// on around them, with two vector multiply-adds a cycle. Estimates rank algorithms on one core;
// they do not depend on the number of threads, and so neither does the choice.

#include <cstdint>

#include "compute/gather.hpp"

namespace lamina::cpu {

/// Cycles that a tile's row costs: `runs` stretches of `length` reduction steps each.
inline double tile_cycles(std::int64_t vectors, double runs, double length) {
    constexpr double efficiency = 0.9, run_overhead = 8, tile_overhead = 40;
    const auto height = static_cast<double>(tile_height(vectors));
    const double steps = runs * length * static_cast<double>(vectors) / (2 * efficiency);
    return steps + (runs * run_overhead + tile_overhead) / height;
}

inline double cycles_to_seconds(double cycles) { return cycles / 3.2e9; }

} // namespace lamina::cpu
