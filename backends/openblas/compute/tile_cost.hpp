#pragma once

// What the cost models share: cycles of the register tiles, from their multiply-adds and what goes
// on around them, with two vector multiply-adds a cycle. Estimates rank algorithms on one core;
// they do not depend on the number of threads, and so neither does the choice. How an algorithm
// cuts its work may depend on it, where each result is summed in the same order however it is cut.

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

/// Cycles in which `bytes` of a packed operand come to the first cache level: from the second where
/// they fit beside what else is there, else from the third or memory.
inline double streaming_cycles(double bytes) {
    constexpr double second_level = 768 << 10;
    return bytes / (bytes <= second_level ? 32.0 : 8.0);
}

/// Cycles until the last of `tasks` equal tasks is done. With several workers a quarter of a task
/// is lost to the one that comes last.
inline double makespan(std::int64_t tasks, std::int64_t workers, double cycles_of_task) {
    const std::int64_t rounds = (tasks + workers - 1) / workers;
    return (static_cast<double>(rounds) + (workers > 1 ? 0.25 : 0.0)) * cycles_of_task;
}

/// What a task costs beside its work.
constexpr double task_cycles = 400;

} // namespace lamina::cpu
