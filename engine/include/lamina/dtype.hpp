#pragma once

#include "lamina/export.hpp"
#include "lamina/plugin/half.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace lamina {

/// Element types. The numbers are those of lm_dtype in the plugin ABI.
enum class DType : std::int32_t {
    F32 = 0,
    F64 = 1,
    I32 = 2,
    I64 = 3,
    U8 = 4,
    Bool = 5,
    F16 = 6,
    BF16 = 7
};

/// Bytes an element takes. A Bool takes one byte, 0 or 1.
LAMINA_API std::size_t size_of(DType type);

/// "f32", "f64", "i32", "i64", "u8", "bool", "f16", "bf16".
LAMINA_API std::string_view name(DType type);

/// Reads a name as name() gives it, or Keras's ("float32", "int64", "uint8", "bfloat16", ...).
/// Throws DTypeError for anything else.
LAMINA_API DType parse_dtype(std::string_view text);

constexpr bool is_floating(DType type) {
    return type == DType::F32 || type == DType::F64 || type == DType::F16 || type == DType::BF16;
}

/// Bool is neither floating nor integer.
constexpr bool is_integer(DType type) {
    return type == DType::I32 || type == DType::I64 || type == DType::U8;
}

/// dtype_of<float> is DType::F32 and so on; not defined for types that are no element type.
template <typename T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
    static constexpr DType value = DType::F32;
};
template <>
struct DTypeOf<double> {
    static constexpr DType value = DType::F64;
};
template <>
struct DTypeOf<std::int32_t> {
    static constexpr DType value = DType::I32;
};
template <>
struct DTypeOf<std::int64_t> {
    static constexpr DType value = DType::I64;
};
template <>
struct DTypeOf<std::uint8_t> {
    static constexpr DType value = DType::U8;
};
template <>
struct DTypeOf<bool> {
    static constexpr DType value = DType::Bool;
};
template <>
struct DTypeOf<Half> {
    static constexpr DType value = DType::F16;
};
template <>
struct DTypeOf<BFloat16> {
    static constexpr DType value = DType::BF16;
};

template <typename T>
inline constexpr DType dtype_of = DTypeOf<T>::value;

} // namespace lamina
