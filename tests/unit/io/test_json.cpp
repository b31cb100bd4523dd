#include "io/json.hpp"
#include "lamina/error.hpp"
#include "temp_folder.hpp"

#include <catch2/catch.hpp>

using namespace lamina;

namespace {

std::string error_of(const std::string& text) {
    try {
        parse_json(text, "model.json");
        return "no error";
    } catch (const Error& error) {
        CHECK(error.code() == StatusCode::InvalidArgument);
        return error.what();
    }
}

} // namespace

TEST_CASE("json: keys keep their order") {
    CHECK(parse_json(R"({"z": 1, "a": [true, null]})", "x").dump() == R"({"z":1,"a":[true,null]})");
}

TEST_CASE("json: an error names file, line and column") {
    CHECK(error_of("{\n  \"units\": 10,\n  \"rate\" 0.5\n}")
              .starts_with("model.json: line 3, column 12: not valid JSON: syntax error"));
    CHECK(error_of("").starts_with("model.json: line 1, column 1: not valid JSON: "));
    CHECK(error_of("[1, 2").starts_with("model.json: line 1, column 6: not valid JSON: "));
    CHECK(error_of("{} {}").find("not valid JSON") != std::string::npos);
}

TEST_CASE("json: a key that occurs twice in one object is refused, in two objects it is not") {
    CHECK(error_of(R"({"a": 1, "b": {"a": 1}})") == "no error");
    CHECK(error_of(R"({"a": 1, "b": {"c": 1, "c": 2}})") ==
          "model.json: the key \"c\" occurs twice in one object");
}

TEST_CASE("json: a file is read, a missing one refused") {
    const TempFolder folder;
    put(folder / "a.json", "[1]");
    CHECK(read_json(folder / "a.json").dump() == "[1]");
    CHECK_THROWS_AS(read_json(folder / "b.json"), Error);
}

TEST_CASE("json: a number that no double holds is refused with the number") {
    CHECK_THROWS_WITH(parse_json(R"({"rate": 1e999})", "model.json"),
                      Catch::Contains("model.json: number overflow") && Catch::Contains("1e999"));
}
