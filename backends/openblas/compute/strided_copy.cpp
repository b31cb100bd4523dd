#include "compute/strided_copy.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace lamina::cpu {
namespace {

struct Dimension {
    std::int64_t count, from, to;
};

/// Dimensions of more than one element, neighbours joined where both sides walk on evenly.
std::vector<Dimension> collapse(const StridedCopy& copy) {
    std::vector<Dimension> out;
    for (std::size_t d = 0; d < copy.dims.size(); ++d) {
        const Dimension next{copy.dims[d], copy.from_strides[d], copy.to_strides[d]};
        if (next.count == 1)
            continue;
        if (!out.empty() && out.back().from == next.from * next.count &&
            out.back().to == next.to * next.count)
            out.back() = {out.back().count * next.count, next.from, next.to};
        else
            out.push_back(next);
    }
    return out;
}

/// The last two dimensions: a row of columns.
template <class T>
void copy_plane(const Dimension& row, const Dimension& column, const T* from, T* to) {
    if (column.from == 1 && column.to == 1) {
        for (std::int64_t r = 0; r < row.count; ++r)
            std::memcpy(to + r * row.to, from + r * row.from,
                        static_cast<std::size_t>(column.count) * sizeof(T));
        return;
    }
    if (column.from == 0 && column.to == 1) {
        for (std::int64_t r = 0; r < row.count; ++r)
            std::fill_n(to + r * row.to, column.count, from[r * row.from]);
        return;
    }
    // In squares, so that the side that is walked against its grain stays in the cache.
    constexpr std::int64_t side = 16;
    for (std::int64_t r0 = 0; r0 < row.count; r0 += side)
        for (std::int64_t c0 = 0; c0 < column.count; c0 += side)
            for (std::int64_t r = r0; r < std::min(r0 + side, row.count); ++r)
                for (std::int64_t c = c0; c < std::min(c0 + side, column.count); ++c)
                    to[r * row.to + c * column.to] = from[r * row.from + c * column.from];
}

template <class T>
void copy_all(std::vector<Dimension> dims, const T* from, T* to, const Parallel& parallel) {
    while (dims.size() < 3)
        dims.insert(dims.begin(), {1, 0, 0});
    // The dimension along which the source lies dense becomes the row of the plane.
    if (dims.back().from != 1)
        for (std::size_t d = 0; d + 1 < dims.size(); ++d)
            if (dims[d].from == 1) {
                std::rotate(dims.begin() + static_cast<std::ptrdiff_t>(d),
                            dims.begin() + static_cast<std::ptrdiff_t>(d) + 1, dims.end() - 1);
                break;
            }
    const Dimension column = dims.back();
    Dimension row = dims[dims.size() - 2];
    dims.resize(dims.size() - 2);
    // A long plane is cut into strips of rows.
    const std::int64_t strip = std::clamp<std::int64_t>(16384 / column.count, 1, row.count);
    const std::int64_t strips = (row.count + strip - 1) / strip;
    std::int64_t planes = 1;
    for (const Dimension& d : dims)
        planes *= d.count;
    const std::int64_t planes_per_task =
        std::max<std::int64_t>(1, 16384 / std::max<std::int64_t>(1, row.count * column.count));
    parallel.range(planes * strips, planes_per_task, [&](std::int64_t begin, std::int64_t end) {
        for (std::int64_t at = begin; at < end; ++at) {
            std::int64_t left = at / strips, from_offset = 0, to_offset = 0;
            for (std::size_t d = dims.size(); d-- > 0;) {
                const std::int64_t index = left % dims[d].count;
                left /= dims[d].count;
                from_offset += index * dims[d].from;
                to_offset += index * dims[d].to;
            }
            const std::int64_t first = at % strips * strip;
            const Dimension part{std::min(strip, row.count - first), row.from, row.to};
            copy_plane(part, column, from + from_offset + first * row.from,
                       to + to_offset + first * row.to);
        }
    });
}

} // namespace

void strided_copy(const StridedCopy& copy, std::int64_t element_bytes, const void* from, void* to,
                  const Parallel& parallel) {
    for (const std::int64_t dim : copy.dims)
        if (dim == 0)
            return;
    const auto dims = collapse(copy);
    const auto typed = [&](auto zero) {
        using T = decltype(zero);
        copy_all(dims, static_cast<const T*>(from), static_cast<T*>(to), parallel);
    };
    if (element_bytes == 4)
        typed(std::uint32_t{});
    else if (element_bytes == 8)
        typed(std::uint64_t{});
    else if (element_bytes == 2)
        typed(std::uint16_t{});
    else
        typed(std::uint8_t{});
}

} // namespace lamina::cpu
