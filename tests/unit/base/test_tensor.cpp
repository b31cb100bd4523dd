#include "lamina/tensor.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

using namespace lamina;

TEST_CASE("tensor: storage is aligned to 64 bytes and zeros are zero") {
    for (const std::int64_t count : {1, 3, 1000}) {
        const Tensor tensor = Tensor::zeros(DType::F32, {count});
        CHECK(reinterpret_cast<std::uintptr_t>(tensor.raw()) % 64 == 0);
        for (const float value : tensor.data<float>())
            REQUIRE(value == 0.0f);
    }
    CHECK(Tensor::zeros(DType::U8, {0, 5}).empty());
    CHECK(Tensor().empty());
}

TEST_CASE("tensor: elements are read as their own type only") {
    Tensor tensor = Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3});
    CHECK(tensor.data<float>()[4] == 5.0f);
    CHECK(tensor.bytes() == 24);
    CHECK_THROWS_WITH(tensor.data<std::int32_t>(), "tensor [2, 3] holds f32, read as i32");
    CHECK_THROWS_WITH((Tensor::from<float>({1, 2}, {3})), "2 values do not fill a tensor [3]");
    CHECK(Tensor::scalar<std::int64_t>(7).item<std::int64_t>() == 7);
    CHECK_THROWS_AS(tensor.item<float>(), ShapeError);
}

TEST_CASE("tensor: copies, reshapes and rows share the elements, clones do not") {
    Tensor tensor = Tensor::from<float>({0, 1, 2, 3, 4, 5}, {3, 2});
    Tensor copy = tensor;
    const Tensor flat = tensor.reshaped({6});
    const Tensor last = tensor.rows(1, 3);
    const Tensor clone = tensor.clone();
    copy.data<float>()[5] = 50;
    CHECK(tensor.data<float>()[5] == 50);
    CHECK(flat.data<float>()[5] == 50);
    CHECK(last.shape() == Shape{2, 2});
    CHECK(last.data<float>()[3] == 50);
    CHECK(clone.data<float>()[5] == 5);
    CHECK(tensor.rows(3, 3).empty());
    CHECK_THROWS_WITH(tensor.rows(2, 4), "rows 2 to 4 are out of range for [3, 2]");
    CHECK_THROWS_AS(tensor.reshaped({5}), ShapeError);
}

TEST_CASE("tensor: a cast to an integer truncates and clamps") {
    const float nan = std::numeric_limits<float>::quiet_NaN();
    const Tensor tensor = Tensor::from<float>({-1.9f, 2.9f, 300.0f, nan, -5e9f, 1e30f});
    const auto bytes = tensor.cast(DType::U8);
    CHECK(std::vector<int>(bytes.data<std::uint8_t>().begin(), bytes.data<std::uint8_t>().end()) ==
          std::vector<int>{0, 2, 255, 0, 0, 255});
    const auto ints = tensor.cast(DType::I32);
    CHECK(ints.data<std::int32_t>()[0] == -1);
    CHECK(ints.data<std::int32_t>()[4] == std::numeric_limits<std::int32_t>::min());
    const auto longs = tensor.cast(DType::I64);
    CHECK(longs.data<std::int64_t>()[4] == -5000000000);
    CHECK(longs.data<std::int64_t>()[5] == std::numeric_limits<std::int64_t>::max());
}

TEST_CASE("tensor: a cast between 64-bit and narrower integers is exact or clamped") {
    constexpr std::int64_t big = (std::int64_t{1} << 62) + 1;
    const Tensor tensor = Tensor::from<std::int64_t>({big, -3, 200});
    CHECK(tensor.cast(DType::I64).data<std::int64_t>()[0] == big);
    CHECK(tensor.cast(DType::I32).data<std::int32_t>()[0] ==
          std::numeric_limits<std::int32_t>::max());
    CHECK(tensor.cast(DType::U8).data<std::uint8_t>()[1] == 0);
    CHECK(tensor.cast(DType::Bool).data<bool>()[1]);
}

TEST_CASE("tensor: a cast to half and back rounds to the nearest half") {
    const Tensor tensor = Tensor::from<float>({1.0f, 0.1f, 70000.0f});
    const Tensor half = tensor.cast(DType::F16);
    CHECK(half.bytes() == 6);
    const Tensor back = half.cast(DType::F32);
    CHECK(back.data<float>()[0] == 1.0f);
    CHECK(back.data<float>()[1] == Approx(0.1f).epsilon(0.0005));
    CHECK(std::isinf(back.data<float>()[2]));
    CHECK(tensor.cast(DType::BF16).cast(DType::F64).data<double>()[1] ==
          Approx(0.1).epsilon(0.004));
}

TEST_CASE("tensor: more memory than there is gives an error that says how much") {
    try {
        Tensor::uninitialized(DType::U8, {std::int64_t{1} << 59});
        FAIL("no error");
    } catch (const Error& error) {
        CHECK(error.code() == StatusCode::OutOfMemory);
        CHECK(std::string(error.what()).find("576460752303423488 bytes") != std::string::npos);
    }
    CHECK_THROWS_AS(Tensor::zeros(DType::F64, {std::int64_t{1} << 61}), ShapeError);
}
