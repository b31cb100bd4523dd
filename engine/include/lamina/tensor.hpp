#pragma once

#include "lamina/dtype.hpp"
#include "lamina/error.hpp"
#include "lamina/export.hpp"
#include "lamina/shape.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace lamina {

/// A dense row-major array in host memory.
///
/// A Tensor is a handle: copying or moving one is cheap and shares the elements, as in NumPy and
/// PyTorch; clone() copies them. The storage starts on a 64-byte boundary (a cache line, and the
/// widest vector), unless the tensor is a view made by rows().
class LAMINA_API Tensor {
  public:
    /// No elements, rank 1 and F32: what a variable holds before it is given a value.
    Tensor();

    /// All zero bytes. Throws ShapeError for negative extents, Error(OutOfMemory) without memory.
    static Tensor zeros(DType type, const Shape& shape);
    /// Elements of no particular value, for what is overwritten at once.
    static Tensor uninitialized(DType type, const Shape& shape);
    /// Throws ShapeError when the count differs from the shape's.
    template <typename T>
    static Tensor from(std::span<const T> values, const Shape& shape);
    template <typename T>
    static Tensor from(const std::vector<T>& values, const Shape& shape) {
        return from(std::span<const T>(values), shape);
    }
    template <typename T>
    static Tensor from(const std::vector<T>& values) {
        return from(values, Shape{static_cast<std::int64_t>(values.size())});
    }
    template <typename T>
    static Tensor scalar(T value) {
        return from(std::span<const T>(&value, 1), Shape{});
    }

    DType dtype() const { return type_; }
    const Shape& shape() const { return shape_; }
    std::int64_t elements() const { return elements_; }
    std::size_t bytes() const { return static_cast<std::size_t>(elements_) * size_of(type_); }
    bool empty() const { return elements_ == 0; }

    std::byte* raw() { return data_; }
    const std::byte* raw() const { return data_; }
    std::span<std::byte> raw_bytes() { return {data_, bytes()}; }
    std::span<const std::byte> raw_bytes() const { return {data_, bytes()}; }

    /// The elements as T. Throws DTypeError when T is not the tensor's type.
    template <typename T>
    std::span<T> data() {
        expect(dtype_of<T>);
        return {reinterpret_cast<T*>(data_), static_cast<std::size_t>(elements_)};
    }
    template <typename T>
    std::span<const T> data() const {
        expect(dtype_of<T>);
        return {reinterpret_cast<const T*>(data_), static_cast<std::size_t>(elements_)};
    }
    /// The only element. Throws ShapeError when there are more or none.
    template <typename T>
    T item() const {
        expect_single();
        return data<T>()[0];
    }

    /// A copy with elements of its own.
    Tensor clone() const;
    /// The same elements under another shape. Throws ShapeError when the counts differ.
    Tensor reshaped(const Shape& shape) const;
    /// Rows [begin, end) of the leading dimension, sharing the elements. Throws ShapeError when out
    /// of range.
    Tensor rows(std::int64_t begin, std::int64_t end) const;
    /// A copy in another type. To an integer: towards zero, clamped to the type's range, NaN gives
    /// 0. To Bool: not equal to zero. To F16 and BF16: through F32, to nearest, ties to even.
    Tensor cast(DType type) const;

  private:
    Tensor(DType type, const Shape& shape, std::shared_ptr<std::byte[]> storage, std::byte* data);
    void expect(DType type) const;
    void expect_single() const;
    static void expect_count(std::size_t count, const Shape& shape);
    void assign(const void* source);

    DType type_ = DType::F32;
    Shape shape_{0};
    std::int64_t elements_ = 0;
    std::shared_ptr<std::byte[]> storage_;
    std::byte* data_ = nullptr;
};

template <typename T>
Tensor Tensor::from(std::span<const T> values, const Shape& shape) {
    expect_count(values.size(), shape);
    Tensor result = uninitialized(dtype_of<T>, shape);
    result.assign(values.data());
    return result;
}

} // namespace lamina
