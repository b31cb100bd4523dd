#pragma once

#include "lamina/export.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

namespace lamina {

/// The extents of a tensor, outermost first: [N, H, W, C]. Rank 0 is a scalar.
///
/// A plain value of fixed size (no heap), so that copying one costs nothing worth thinking about.
class LAMINA_API Shape {
  public:
    /// Five dimensions serve 3-D video with batch and channels; blocked layouts add three.
    static constexpr std::size_t kMaxRank = 8;

    Shape() = default;
    /// The constructors throw ShapeError for more than kMaxRank dimensions.
    Shape(std::initializer_list<std::int64_t> dims)
        : Shape(std::span<const std::int64_t>(dims.begin(), dims.size())) {}
    explicit Shape(const std::vector<std::int64_t>& dims)
        : Shape(std::span<const std::int64_t>(dims)) {}
    explicit Shape(std::span<const std::int64_t> dims);

    std::size_t rank() const { return rank_; }
    bool empty() const { return rank_ == 0; }

    std::int64_t operator[](std::size_t axis) const { return dims_[axis]; }
    std::int64_t& operator[](std::size_t axis) { return dims_[axis]; }
    /// Throws ShapeError when the axis is out of range. Negative axes count from the end.
    std::int64_t at(std::int64_t axis) const;
    std::int64_t front() const { return dims_[0]; }
    std::int64_t back() const { return dims_[rank_ - 1]; }

    std::span<const std::int64_t> dims() const { return {dims_.data(), rank_}; }
    const std::int64_t* begin() const { return dims_.data(); }
    const std::int64_t* end() const { return dims_.data() + rank_; }

    void push_back(std::int64_t extent);

    /// The product of the extents, 1 for a scalar. Throws ShapeError when an extent is negative or
    /// the bytes of so many elements, of 8 at most, do not fit 63 bits.
    std::int64_t elements() const;

    /// Row-major strides, counted in elements; same rank.
    Shape strides() const;

    /// "[128, 28, 28, 1]", "[]" for a scalar.
    std::string to_string() const;

    friend bool operator==(const Shape& a, const Shape& b) {
        if (a.rank_ != b.rank_)
            return false;
        for (std::size_t i = 0; i < a.rank_; ++i)
            if (a.dims_[i] != b.dims_[i])
                return false;
        return true;
    }

  private:
    std::array<std::int64_t, kMaxRank> dims_{};
    std::size_t rank_ = 0;
};

} // namespace lamina
