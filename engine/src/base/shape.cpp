#include "lamina/shape.hpp"

#include "lamina/error.hpp"

#include <algorithm>

namespace lamina {

Shape::Shape(std::span<const std::int64_t> dims) {
    if (dims.size() > kMaxRank)
        throw ShapeError("a shape has at most " + std::to_string(kMaxRank) + " dimensions, got " +
                         std::to_string(dims.size()));
    std::copy(dims.begin(), dims.end(), dims_.begin());
    rank_ = dims.size();
}

std::int64_t Shape::at(std::int64_t axis) const {
    const auto rank = static_cast<std::int64_t>(rank_);
    if (axis < -rank || axis >= rank)
        throw ShapeError("axis " + std::to_string(axis) + " is out of range for " + to_string());
    return dims_[static_cast<std::size_t>(axis < 0 ? axis + rank : axis)];
}

void Shape::push_back(std::int64_t extent) {
    if (rank_ == kMaxRank)
        throw ShapeError("a shape has at most " + std::to_string(kMaxRank) + " dimensions");
    dims_[rank_++] = extent;
}

std::int64_t Shape::elements() const {
    std::int64_t product = 1;
    for (const std::int64_t extent : *this) {
        if (extent < 0)
            throw ShapeError("negative extent in " + to_string());
        if (__builtin_mul_overflow(product, extent, &product) || product > INT64_MAX / 8)
            throw ShapeError(to_string() + " has more bytes than 63 bits can count");
    }
    return product;
}

Shape Shape::strides() const {
    Shape result = *this;
    std::int64_t stride = 1;
    for (std::size_t i = rank_; i-- > 0;) {
        result.dims_[i] = stride;
        stride *= dims_[i];
    }
    return result;
}

std::string Shape::to_string() const {
    std::string text = "[";
    for (std::size_t i = 0; i < rank_; ++i) {
        if (i > 0)
            text += ", ";
        text += std::to_string(dims_[i]);
    }
    return text + "]";
}

} // namespace lamina
