#include <catch2/catch.hpp>

#include "lamina/error.hpp"
#include "plugins/option_text.hpp"
#include "plugins/schema.hpp"

using namespace lamina;
using Catch::Contains;

namespace {

constexpr const char* kSchema = R"({
    "units": {"type": "int", "required": true, "min": 1},
    "rate": {"type": "float", "default": 0.5, "min": 0, "below": 1},
    "scale": {"type": "float", "default": 1, "above": 0, "max": 10},
    "padding": {"type": "string", "default": "valid", "enum": ["valid", "same"]},
    "kernel_size": {"type": "ints", "default": [3, 3], "min": 1},
    "use_bias": {"type": "bool", "default": true},
    "activation": {"type": "activation", "nullable": true, "default": null}})";

Json apply(const char* config) { return apply_schema(Json::parse(config), kSchema, "dense_1"); }

std::string refusal(const char* config) {
    try {
        apply(config);
        return "";
    } catch (const UsageError& e) {
        return e.what();
    }
}

} // namespace

TEST_CASE("defaults are filled in") {
    const Json c = apply(R"({"units": 10})");
    CHECK(c.at("units") == 10);
    CHECK(c.at("rate") == 0.5);
    CHECK(c.at("padding") == "valid");
    CHECK(c.at("kernel_size") == Json({3, 3}));
    CHECK(c.at("use_bias") == true);
    CHECK(c.at("activation").is_null());
}

TEST_CASE("an unknown key is refused with the nearest known one") {
    CHECK_THAT(refusal(R"({"units": 1, "pading": "same"})"),
               Contains("dense_1: unknown key `pading`") && Contains("did you mean \"padding\"?") &&
                   Contains("known: units, rate"));
}

TEST_CASE("a missing key is refused") {
    CHECK(refusal("{}") == "dense_1: `units` is missing");
    CHECK_THAT(refusal(R"({"units": null})"), Contains("`units` must not be null"));
}

TEST_CASE("a value of the wrong type is refused with what it must be and what it is") {
    CHECK(refusal(R"({"units": "ten"})") == "dense_1: `units` must be an integer, got \"ten\"");
    CHECK_THAT(refusal(R"({"units": 1.5})"), Contains("an integer, got 1.5"));
    CHECK_THAT(refusal(R"({"units": 1, "use_bias": 1})"), Contains("true or false, got 1"));
    CHECK_THAT(refusal(R"({"units": 1, "rate": "x"})"), Contains("a number"));
    CHECK_THAT(refusal(R"({"units": 1, "padding": 2})"), Contains("a string"));
    CHECK_THAT(refusal(R"({"units": 1, "kernel_size": [1, "a"]})"), Contains("list of integers"));
    CHECK_THAT(refusal(R"({"units": 1, "activation": 3})"), Contains("an activation"));
    CHECK_THAT(refusal("[1]"), Contains("must be an object"));
}

TEST_CASE("an integer that does not fit 64 bits is refused") {
    CHECK_THAT(refusal(R"({"units": 18446744073709551615})"),
               Contains("`units` must be an integer"));
    CHECK_THAT(refusal(R"({"units": 1e300})"), Contains("`units` must be an integer"));
    CHECK_THAT(refusal(R"({"units": 1, "kernel_size": [3, 9.3e18]})"), Contains("`kernel_size`"));
}

TEST_CASE("a part within is a name, or an object with a name and an object") {
    const char* expected = "`activation` must be an activation: a name or";
    CHECK_THAT(refusal(R"({"units": 1, "activation": {"class_name": 3}})"), Contains(expected));
    CHECK_THAT(refusal(R"({"units": 1, "activation": {"config": {}}})"), Contains(expected));
    CHECK_THAT(refusal(R"({"units": 1, "activation": {"class_name": "relu", "config": 3}})"),
               Contains(expected));
    CHECK(refusal(R"({"units": 1, "activation": {"class_name": "relu", "config": null}})").empty());
}

TEST_CASE("text that is no UTF-8 is refused as any other") {
    CHECK_THAT(
        [] {
            try {
                apply_schema({{"units", "\xff"}}, kSchema, "dense_1");
            } catch (const UsageError& e) {
                return std::string(e.what());
            }
            return std::string();
        }(),
        Contains("`units` must be an integer, got"));
}

TEST_CASE("a whole number written as 10.0 is an integer") {
    CHECK(apply(R"({"units": 10.0})").at("units").is_number_integer());
}

TEST_CASE("a value out of range is refused with the bound") {
    CHECK_THAT(refusal(R"({"units": 0})"), Contains("`units` must be at least 1, got 0"));
    CHECK_THAT(refusal(R"({"units": 1, "rate": 1.0})"), Contains("`rate` must be below 1"));
    CHECK_THAT(refusal(R"({"units": 1, "rate": -0.1})"), Contains("at least 0, got -0.1"));
    CHECK_THAT(refusal(R"({"units": 1, "scale": 0})"), Contains("above 0"));
    CHECK_THAT(refusal(R"({"units": 1, "scale": 11})"), Contains("at most 10"));
    CHECK_THAT(refusal(R"({"units": 1, "kernel_size": [3, 0]})"), Contains("at least 1, got 0"));
}

TEST_CASE("a word that is not on the list is refused with the list") {
    CHECK_THAT(refusal(R"({"units": 1, "padding": "full"})"),
               Contains("must be one of valid, same, got \"full\""));
}

TEST_CASE("options on the command line are numbers, booleans and words") {
    const PartOptions p = parse_part_options("sgd:learning_rate=0.1,nesterov=true,name=a b", "-o");
    CHECK(p.name == "sgd");
    CHECK(p.options.at("learning_rate") == 0.1);
    CHECK(p.options.at("nesterov") == true);
    CHECK(p.options.at("name") == "a b");
    CHECK(parse_part_options("mnist:sample", "--data").options.at("sample") == true);
    CHECK(parse_part_options("adam", "-o").options.empty());
}

TEST_CASE("options without a name or a key are refused") {
    CHECK_THROWS_WITH(parse_part_options(":a=1", "--optimizer"), Contains("the name is missing"));
    CHECK_THROWS_WITH(parse_part_options("sgd:=1", "--optimizer"), Contains("key=value"));
    CHECK_THROWS_WITH(parse_part_options("sgd:", "--optimizer"), Contains("key=value"));
}
