#include "lamina/dtype.hpp"
#include "lamina/error.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace lamina;

TEST_CASE("dtype: names, Keras's names and sizes belong together") {
    struct Row {
        DType type;
        const char* name;
        const char* keras;
        std::size_t size;
    };
    for (const Row& row :
         {Row{DType::F32, "f32", "float32", 4}, Row{DType::F64, "f64", "float64", 8},
          Row{DType::I32, "i32", "int32", 4}, Row{DType::I64, "i64", "int64", 8},
          Row{DType::U8, "u8", "uint8", 1}, Row{DType::Bool, "bool", "bool", 1},
          Row{DType::F16, "f16", "float16", 2}, Row{DType::BF16, "bf16", "bfloat16", 2}}) {
        CHECK(name(row.type) == row.name);
        CHECK(size_of(row.type) == row.size);
        CHECK(parse_dtype(row.name) == row.type);
        CHECK(parse_dtype(row.keras) == row.type);
    }
}

TEST_CASE("dtype: an unknown name is refused with the names that there are") {
    try {
        parse_dtype("float128");
        FAIL("no error");
    } catch (const DTypeError& error) {
        CHECK(error.code() == StatusCode::InvalidArgument);
        CHECK(std::string(error.what()) == "unknown element type \"float128\": expected f32, f64, "
                                           "i32, i64, u8, bool, f16 or bf16");
    }
    CHECK_THROWS_AS(name(static_cast<DType>(99)), DTypeError);
}

TEST_CASE("dtype: bool is neither floating nor integer") {
    CHECK_FALSE(is_floating(DType::Bool));
    CHECK_FALSE(is_integer(DType::Bool));
    CHECK(is_floating(DType::BF16));
    CHECK(is_integer(DType::U8));
    STATIC_REQUIRE(dtype_of<float> == DType::F32);
    STATIC_REQUIRE(dtype_of<bool> == DType::Bool);
    STATIC_REQUIRE(sizeof(bool) == 1);
}

TEST_CASE("error: every status code has a name") {
    for (int code = 0; code <= 8; ++code)
        CHECK(name(static_cast<StatusCode>(code)) != "unknown status");
    CHECK(name(static_cast<StatusCode>(9)) == "unknown status");
}
