#include <algorithm>

#include "compute/element_type.hpp"
#include "compute/reduce.hpp"

namespace lamina::cpu {

ReducePlan::ReducePlan(std::span<const std::int64_t> dims, std::span<const std::int64_t> axes) {
    std::vector<Group>* previous = nullptr;
    std::int64_t stride = 1;
    for (std::size_t d = dims.size(); d-- > 0;) {
        const bool is_reduced =
            std::find(axes.begin(), axes.end(), static_cast<std::int64_t>(d)) != axes.end();
        auto& groups = is_reduced ? reduced : kept;
        (is_reduced ? count : outputs) *= dims[d];
        if (dims[d] != 1) {
            if (previous == &groups)
                groups.front().count *= dims[d];
            else
                groups.insert(groups.begin(), {dims[d], stride});
            previous = &groups;
        }
        stride *= dims[d];
    }
}

std::int64_t ReducePlan::column_chunks() const {
    return std::clamp<std::int64_t>(count / 512, 1, 64);
}

std::int64_t ReducePlan::workspace_bytes() const {
    return columns() ? outputs * column_chunks() * static_cast<std::int64_t>(sizeof(double)) : 0;
}

} // namespace lamina::cpu
