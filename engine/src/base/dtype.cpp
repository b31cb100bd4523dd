#include "lamina/dtype.hpp"

#include "lamina/error.hpp"

#include <array>
#include <string>

namespace lamina {
namespace {

struct Entry {
    DType type;
    std::size_t size;
    std::string_view name;
    std::string_view keras_name;
};

constexpr std::array<Entry, 8> kTypes{{
    {DType::F32, 4, "f32", "float32"},
    {DType::F64, 8, "f64", "float64"},
    {DType::I32, 4, "i32", "int32"},
    {DType::I64, 8, "i64", "int64"},
    {DType::U8, 1, "u8", "uint8"},
    {DType::Bool, 1, "bool", "bool"},
    {DType::F16, 2, "f16", "float16"},
    {DType::BF16, 2, "bf16", "bfloat16"},
}};

const Entry& entry(DType type) {
    const auto index = static_cast<std::size_t>(type);
    if (index >= kTypes.size())
        throw DTypeError("no element type has the number " +
                         std::to_string(static_cast<std::int32_t>(type)));
    return kTypes[index];
}

} // namespace

std::size_t size_of(DType type) { return entry(type).size; }

std::string_view name(DType type) { return entry(type).name; }

DType parse_dtype(std::string_view text) {
    for (const Entry& e : kTypes)
        if (text == e.name || text == e.keras_name)
            return e.type;
    throw DTypeError("unknown element type \"" + std::string(text) +
                     "\": expected f32, f64, i32, i64, u8, bool, f16 or bf16");
}

} // namespace lamina
