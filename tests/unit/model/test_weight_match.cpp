// Which of a file's weights is which of the model's: by name, else by position.

#include <algorithm>

#include "temp_folder.hpp"
#include "training.hpp"

using namespace lamina;

namespace {

/// Two dense layers, named so.
Model two_layers(const std::string& first, const std::string& second, int units = 5) {
    Model model({4});
    model.add("Dense", {{"units", units}, {"name", first}})
        .add("Dense", {{"units", 3}, {"name", second}});
    model.initialize(7);
    return model;
}

bool same(const Model& a, const std::string& x, const Model& b, const std::string& y) {
    return std::ranges::equal(a.variable(x).raw_bytes(), b.variable(y).raw_bytes());
}

} // namespace

TEST_CASE("weights of other names are taken by their position, layer for layer") {
    const TempFolder folder;
    const std::string file = folder / "a.h5";
    const Model from = two_layers("a", "b");
    from.save(file);
    Model to = two_layers("x", "y");
    to.initialize(8);
    to.load_weights(file);
    for (const char* weight : {"kernel", "bias"}) {
        CHECK(same(to, std::string("x/") + weight, from, std::string("a/") + weight));
        CHECK(same(to, std::string("y/") + weight, from, std::string("b/") + weight));
    }
}

TEST_CASE("weights are taken by name where all names are the model's, whatever their order") {
    const TempFolder folder;
    const std::string file = folder / "a.h5";
    Model from({4});
    from.add("Dense", {{"units", 4}, {"name", "a"}}).add("Dense", {{"units", 4}, {"name", "b"}});
    from.initialize(7);
    from.save(file);
    Model to({4});
    to.add("Dense", {{"units", 4}, {"name", "b"}}).add("Dense", {{"units", 4}, {"name", "a"}});
    to.load_weights(file);
    CHECK(same(to, "a/kernel", from, "a/kernel"));
    CHECK(same(to, "b/kernel", from, "b/kernel"));
}

TEST_CASE(
    "weights that fit neither by name nor by position are refused, and the model keeps its own") {
    const TempFolder folder;
    const std::string file = folder / "a.h5";
    two_layers("a", "b", 6).save(file);
    Model to = two_layers("x", "y");
    const Tensor before = to.variable("x/kernel").clone();
    CHECK_THROWS_WITH(to.load_weights(file),
                      Catch::Contains("missing: x/bias, x/kernel, y/bias, y/kernel") &&
                          Catch::Contains("not in the model: a/kernel, a/bias, b/kernel, b/bias"));
    CHECK(std::ranges::equal(to.variable("x/kernel").raw_bytes(), before.raw_bytes()));
}

TEST_CASE("of many weights that do not fit, the first are listed and the rest counted") {
    const TempFolder folder;
    const std::string file = folder / "a.h5";
    two_layers("a", "b").save(file);
    Model to({4});
    for (int i = 0; i < 10; ++i)
        to.add("Dense", {{"units", 4}});
    CHECK_THROWS_WITH(to.load_weights(file), Catch::Contains(" and 8 more"));
}
