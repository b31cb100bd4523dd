#include "lamina/text.hpp"

#include <catch2/catch.hpp>

using namespace lamina;

TEST_CASE("text: the edit distance counts insertions, deletions, replacements and swaps") {
    CHECK(edit_distance("", "") == 0);
    CHECK(edit_distance("", "abc") == 3);
    CHECK(edit_distance("kitten", "sitting") == 3);
    CHECK(edit_distance("conv2d", "covn2d") == 1);
    CHECK(edit_distance("Dense", "dense") == 0);
}

TEST_CASE("text: the nearest name is found when it is close, and only then") {
    const std::vector<std::string> names{"Dense", "Dropout", "Conv2D", "Conv3D", "Flatten"};
    CHECK(nearest("dens", names) == "Dense");
    CHECK(nearest("Conv2d", names) == "Conv2D");
    CHECK(nearest("Droput", names) == "Dropout");
    CHECK(nearest("LSTM", names).empty());
    CHECK(nearest("x", {}).empty());
    CHECK(did_you_mean("Flaten", names) == " (did you mean \"Flatten\"?)");
    CHECK(did_you_mean("LSTM", names).empty());
}

TEST_CASE("text: join and split undo each other") {
    const std::vector<std::string> parts{"a", "", "b c"};
    CHECK(join(parts, ",") == "a,,b c");
    CHECK(split("a,,b c", ',') == parts);
    CHECK(split("", ',') == std::vector<std::string>{""});
    CHECK(join({}, ",").empty());
}

TEST_CASE("text: trim takes white space off both ends only") {
    CHECK(trim("  a b\t\n") == "a b");
    CHECK(trim(" \n").empty());
}

TEST_CASE("text: a count agrees with its noun") {
    CHECK(count_of(1, "image") == "1 image");
    CHECK(count_of(0, "image") == "0 images");
    CHECK(count_of(2, "image") == "2 images");
}
