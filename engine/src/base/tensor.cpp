#include "lamina/tensor.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <string>
#include <type_traits>

namespace lamina {
namespace {

constexpr std::align_val_t kAlignment{64};

std::shared_ptr<std::byte[]> allocate(std::size_t bytes) {
    void* memory = ::operator new(bytes, kAlignment, std::nothrow);
    if (memory == nullptr)
        throw Error(StatusCode::OutOfMemory,
                    "out of memory: a tensor of " + std::to_string(bytes) + " bytes");
    return {static_cast<std::byte*>(memory),
            [](std::byte* p) { ::operator delete(p, kAlignment); }};
}

template <typename T>
double widen(T value) {
    if constexpr (std::is_same_v<T, Half>)
        return half_to_float(value);
    else if constexpr (std::is_same_v<T, BFloat16>)
        return bfloat16_to_float(value);
    else
        return static_cast<double>(value);
}

template <typename To>
To narrow_integer(double value) {
    // The upper limit of int64 is no double; the nearest one above it is out of range.
    constexpr auto low = static_cast<double>(std::numeric_limits<To>::min());
    constexpr auto high = static_cast<double>(std::numeric_limits<To>::max());
    if (!(value == value))
        return 0;
    if (value <= low)
        return std::numeric_limits<To>::min();
    if (value >= high)
        return std::numeric_limits<To>::max();
    return static_cast<To>(value);
}

template <typename To, typename From>
To convert(From value) {
    if constexpr (std::is_same_v<To, From>)
        return value;
    else if constexpr (std::is_same_v<To, bool>)
        return widen(value) != 0;
    else if constexpr (std::is_same_v<To, Half>)
        return float_to_half(static_cast<float>(widen(value)));
    else if constexpr (std::is_same_v<To, BFloat16>)
        return float_to_bfloat16(static_cast<float>(widen(value)));
    else if constexpr (std::is_integral_v<To> && std::is_same_v<From, std::int64_t>)
        return static_cast<To>(
            std::clamp<std::int64_t>(value, std::numeric_limits<To>::min(),
                                     std::numeric_limits<To>::max())); // a double would round
    else if constexpr (std::is_integral_v<To>)
        return narrow_integer<To>(widen(value));
    else if constexpr (std::is_same_v<From, std::int64_t>)
        return static_cast<To>(value);
    else
        return static_cast<To>(widen(value));
}

template <typename F>
void visit(DType type, F&& f) {
    switch (type) {
    case DType::F32:
        return f(float{});
    case DType::F64:
        return f(double{});
    case DType::I32:
        return f(std::int32_t{});
    case DType::I64:
        return f(std::int64_t{});
    case DType::U8:
        return f(std::uint8_t{});
    case DType::Bool:
        return f(bool{});
    case DType::F16:
        return f(Half{});
    case DType::BF16:
        return f(BFloat16{});
    }
}

} // namespace

Tensor::Tensor() = default;

Tensor::Tensor(DType type, const Shape& shape, std::shared_ptr<std::byte[]> storage,
               std::byte* data)
    : type_(type), shape_(shape), elements_(shape.elements()), storage_(std::move(storage)),
      data_(data) {}

Tensor Tensor::uninitialized(DType type, const Shape& shape) {
    auto storage = allocate(static_cast<std::size_t>(shape.elements()) * size_of(type));
    std::byte* data = storage.get();
    return Tensor(type, shape, std::move(storage), data);
}

Tensor Tensor::zeros(DType type, const Shape& shape) {
    Tensor result = uninitialized(type, shape);
    std::memset(result.data_, 0, result.bytes());
    return result;
}

Tensor Tensor::clone() const {
    Tensor result = uninitialized(type_, shape_);
    result.assign(data_);
    return result;
}

Tensor Tensor::reshaped(const Shape& shape) const {
    if (shape.elements() != elements_)
        throw ShapeError("cannot reshape " + shape_.to_string() + " to " + shape.to_string() +
                         ": " + std::to_string(elements_) + " elements against " +
                         std::to_string(shape.elements()));
    return Tensor(type_, shape, storage_, data_);
}

Tensor Tensor::rows(std::int64_t begin, std::int64_t end) const {
    if (shape_.rank() == 0 || begin < 0 || end < begin || end > shape_[0])
        throw ShapeError("rows " + std::to_string(begin) + " to " + std::to_string(end) +
                         " are out of range for " + shape_.to_string());
    Shape part = shape_;
    part[0] = end - begin;
    const std::size_t row = shape_[0] == 0 ? 0 : bytes() / static_cast<std::size_t>(shape_[0]);
    return Tensor(type_, part, storage_, data_ + row * static_cast<std::size_t>(begin));
}

Tensor Tensor::cast(DType type) const {
    Tensor result = uninitialized(type, shape_);
    visit(type_, [&]<typename From>(From) {
        visit(type, [&]<typename To>(To) {
            const auto from = data<From>();
            std::transform(from.begin(), from.end(), result.data<To>().begin(),
                           [](From value) { return convert<To>(value); });
        });
    });
    return result;
}

void Tensor::expect(DType type) const {
    if (type != type_)
        throw DTypeError("tensor " + shape_.to_string() + " holds " + std::string(name(type_)) +
                         ", read as " + std::string(name(type)));
}

void Tensor::expect_single() const {
    if (elements_ != 1)
        throw ShapeError("expected a single element, got a tensor " + shape_.to_string());
}

void Tensor::expect_count(std::size_t count, const Shape& shape) {
    if (count != static_cast<std::size_t>(shape.elements()))
        throw ShapeError(std::to_string(count) + " values do not fill a tensor " +
                         shape.to_string());
}

void Tensor::assign(const void* source) {
    if (elements_ > 0)
        std::memcpy(data_, source, bytes());
}

} // namespace lamina
