/// Workgroups of shaders/rows.glsl: X results by Y threads each.
#pragma once

#include "kernel.hpp"

namespace lamina::vulkan {

struct Rows {
    uint32_t x = 1, y = 64;

    /// length: entries of one result. adjacent: neighbouring results lie side by side in memory, so
    /// that threads read them together.
    static Rows choose(const Limits& limits, int64_t length, bool adjacent) {
        const uint32_t all = limits.max_invocations >= 128 ? 128 : 64;
        Rows rows;
        // No more threads for a result than leave each some entries to join; results that lie side
        // by side share a workgroup.
        rows.y = adjacent ? 4 : all;
        while (rows.y > 1 && rows.y * 4 > length)
            rows.y /= 2;
        rows.x = all / rows.y;
        return rows;
    }
    Groups groups(const Step& step, int64_t results) const {
        return step.linear((static_cast<uint64_t>(results) + x - 1) / x);
    }
    std::vector<uint32_t> constants() const { return {x * y, x, y}; }
};

} // namespace lamina::vulkan
