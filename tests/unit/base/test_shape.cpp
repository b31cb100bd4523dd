#include "lamina/error.hpp"
#include "lamina/shape.hpp"

#include <catch2/catch.hpp>
#include <numeric>

using namespace lamina;

TEST_CASE("shape: a shape prints as a list and counts its elements") {
    const Shape shape{128, 28, 28, 1};
    CHECK(shape.to_string() == "[128, 28, 28, 1]");
    CHECK(shape.rank() == 4);
    CHECK(shape.elements() == 100352);
    CHECK(shape.strides() == Shape{784, 28, 1, 1});
    CHECK(Shape{}.to_string() == "[]");
    CHECK(Shape{}.elements() == 1);
    CHECK(Shape{3, 0, 2}.elements() == 0);
}

TEST_CASE("shape: shapes are equal when rank and extents are") {
    CHECK(Shape{2, 3} == Shape(std::vector<std::int64_t>{2, 3}));
    CHECK_FALSE(Shape{2, 3} == Shape{2, 3, 1});
    CHECK_FALSE(Shape{2, 3} == Shape{3, 2});
    Shape grown;
    grown.push_back(2);
    grown.push_back(3);
    CHECK(grown == Shape{2, 3});
}

TEST_CASE("shape: negative axes count from the end, others out of range are refused") {
    const Shape shape{5, 6, 7};
    CHECK(shape.at(-1) == 7);
    CHECK(shape.at(0) == 5);
    CHECK(std::accumulate(shape.begin(), shape.end(), std::int64_t{0}) == 18);
    CHECK_THROWS_WITH(shape.at(3), "axis 3 is out of range for [5, 6, 7]");
    CHECK_THROWS_AS(shape.at(-4), ShapeError);
}

TEST_CASE("shape: too many dimensions, negative extents and overflow are refused") {
    CHECK_THROWS_AS((Shape{1, 2, 3, 4, 5, 6, 7, 8, 9}), ShapeError);
    Shape full{1, 2, 3, 4, 5, 6, 7, 8};
    CHECK_THROWS_AS(full.push_back(9), ShapeError);
    CHECK_THROWS_WITH((Shape{2, -1}.elements()), "negative extent in [2, -1]");
    CHECK_THROWS_AS((Shape{std::int64_t{1} << 40, std::int64_t{1} << 40}.elements()), ShapeError);
    CHECK(Shape{(std::int64_t{1} << 60) - 1}.elements() == (std::int64_t{1} << 60) - 1);
    CHECK_THROWS_WITH(Shape{std::int64_t{1} << 60}.elements(),
                      Catch::Contains("more bytes than 63 bits can count")); // as f64
}
