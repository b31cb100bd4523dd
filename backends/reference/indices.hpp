/// Walks over the indices of tensors and windows, in row-major order.
#pragma once

#include <optional>

#include "lamina/plugin/window.hpp"

namespace lamina::reference {

using namespace plugin;

/// Element strides of a dense row-major tensor.
inline Dims row_major_strides(std::span<const int64_t> dims) {
    Dims strides(dims.size());
    int64_t step = 1;
    for (size_t i = dims.size(); i-- > 0; step *= dims[i])
        strides[i] = step;
    return strides;
}

inline int64_t offset(const Dims& index, const Dims& strides) {
    int64_t at = 0;
    for (size_t i = 0; i < index.size(); ++i)
        at += index[i] * strides[i];
    return at;
}

/// body(index, flat) for the flat positions [begin, end) of a tensor of this shape.
template <class Body>
void for_each_index(const Dims& dims, int64_t begin, int64_t end, Body&& body) {
    if (begin >= end)
        return;
    Dims index(dims.size());
    int64_t rest = begin;
    for (size_t i = dims.size(); i-- > 0; rest /= dims[i])
        index[i] = rest % dims[i];
    for (int64_t flat = begin; flat < end; ++flat) {
        body(static_cast<const Dims&>(index), flat);
        for (size_t i = dims.size(); i-- > 0;) {
            if (++index[i] < dims[i])
                break;
            index[i] = 0;
        }
    }
}

template <class Body>
void for_each_index(const Dims& dims, Body&& body) {
    for_each_index(dims, 0, elements(dims), body);
}

/// body(position) for every position of a spatial extent.
template <class Body>
void for_each_position(const Spatial& extent, Body&& body) {
    for (int64_t d = 0; d < extent[0]; ++d)
        for (int64_t h = 0; h < extent[1]; ++h)
            for (int64_t w = 0; w < extent[2]; ++w)
                body(Spatial{d, h, w});
}

/// Where entry r of the window at output position o reads the input; nothing in the padding.
inline std::optional<Spatial> input_position(const WindowParams& p, const Spatial& o,
                                             const Spatial& r) {
    Spatial i{};
    for (size_t axis = 0; axis < 3; ++axis) {
        i[axis] = o[axis] * p.strides[axis] + r[axis] * p.dilations[axis] - p.low[axis];
        if (i[axis] < 0 || i[axis] >= p.in[axis])
            return std::nullopt;
    }
    return i;
}

/// body(r, i) for every entry r of the window at output position o that reads an input element i.
template <class Body>
void for_each_in_window(const WindowParams& p, const Spatial& o, Body&& body) {
    for_each_position(p.window, [&](const Spatial& r) {
        if (const auto i = input_position(p, o, r))
            body(r, *i);
    });
}

inline int64_t at(const ActivationStrides& s, int64_t n, int64_t c, const Spatial& i) {
    return s(n, c, i[0], i[1], i[2]);
}

/// Position r of the window, counted in row-major order.
inline int64_t flat(const Spatial& r, const Spatial& extent) {
    return (r[0] * extent[1] + r[1]) * extent[2] + r[2];
}

} // namespace lamina::reference
