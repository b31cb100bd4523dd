#include "kernel.hpp"

#include <cmath>

#include "lamina/plugin/philox.hpp"

using namespace lamina;
using namespace lamina::test;

namespace {
Tensor state(int64_t seed, int64_t step, int64_t first) {
    return integers({3}, {seed, step, first});
}
} // namespace

TEST_CASE("random: draws are those of philox.hpp, element by element") {
    const Floats u =
        floats("random_uniform", {state(7, 3, 0)}, {{"shape", Ints{2, 3}}, {"key", 99}});
    const PhiloxKey key = philox_key(7, uint64_t{99});
    for (size_t i = 0; i < u.size(); ++i)
        CHECK(u[i] == random_uniform(key, i, 0, 3));
    const Floats n = floats("random_normal", {state(7, 3, 0)},
                            {{"shape", Ints{6}}, {"key", 99}, {"mean", 1.0}, {"stddev", 2.0}});
    for (size_t i = 0; i < n.size(); ++i)
        CHECK(n[i] == 1 + 2 * random_normal(key, i, 0, 3));
}

TEST_CASE("random: a sample draws the same in whatever batch it stands") {
    const Attributes four{{"shape", Ints{4, 5}}, {"key", 1}, {"batched", true}};
    const Attributes two{{"shape", Ints{2, 5}}, {"key", 1}, {"batched", true}};
    const Floats whole = floats("random_uniform", {state(1, 1, 10)}, four);
    const Floats tail = floats("random_uniform", {state(1, 1, 12)}, two);
    CHECK(Floats(whole.begin() + 10, whole.end()) == tail);
}

TEST_CASE("random: seed, step and key each change the draw") {
    const Attributes a{{"shape", Ints{8}}, {"key", 1}}, b{{"shape", Ints{8}}, {"key", 2}};
    const Floats base = floats("random_uniform", {state(1, 1, 0)}, a);
    CHECK(floats("random_uniform", {state(2, 1, 0)}, a) != base);
    CHECK(floats("random_uniform", {state(1, 2, 0)}, a) != base);
    CHECK(floats("random_uniform", {state(1, 1, 0)}, b) != base);
}

TEST_CASE("random_bernoulli: ones as often as the probability says") {
    const Attributes attrs{{"shape", Ints{100000}}, {"key", 5}, {"probability", 0.3}};
    double ones = 0;
    for (const float v : floats("random_bernoulli", {state(1, 0, 0)}, attrs)) {
        REQUIRE((v == 0 || v == 1));
        ones += static_cast<double>(v);
    }
    CHECK(ones / 100000 == Approx(0.3).margin(0.005));
}

TEST_CASE("random_normal: truncated draws stay within two standard deviations") {
    const Attributes attrs{
        {"shape", Ints{100000}}, {"key", 5}, {"mean", 1.0}, {"stddev", 3.0}, {"truncated", true}};
    double sum = 0, squares = 0;
    for (const float v : floats("random_normal", {state(1, 0, 0)}, attrs)) {
        REQUIRE(std::fabs(v - 1) <= 6);
        sum += static_cast<double>(v);
        squares += static_cast<double>(v) * static_cast<double>(v);
    }
    const double mean = sum / 100000;
    CHECK(mean == Approx(1).margin(0.03));
    // The standard deviation that truncation at two leaves: 0.8796.
    CHECK(std::sqrt(squares / 100000 - mean * mean) == Approx(3 * 0.87962566).epsilon(0.01));
}
