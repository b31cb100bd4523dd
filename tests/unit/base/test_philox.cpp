#include "lamina/plugin/philox.hpp"

#include <catch2/catch.hpp>
#include <cmath>
#include <set>

using namespace lamina;

TEST_CASE("philox: the published known-answer vectors of Random123 come out") {
    // kat_vectors of Random123 1.14, philox4x32 with 10 rounds.
    CHECK(philox4x32({0, 0, 0, 0}, {0, 0}) ==
          PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    CHECK(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}) ==
          PhiloxBlock{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    CHECK(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
          PhiloxBlock{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("philox: fnv1a64 gives the published hashes") {
    CHECK(fnv1a64("") == 0xcbf29ce484222325u);
    CHECK(fnv1a64("a") == 0xaf63dc4c8601ec8cu);
    CHECK(fnv1a64("foobar") == 0x85944171f73967e8u);
}

TEST_CASE("philox: mix64 gives the published sequence of SplitMix64 from seed 0") {
    CHECK(mix64(0) == 0xe220a8397b1dcdafu);
    CHECK(mix64(0x9e3779b97f4a7c15u) == 0x6e789e6aa1b965f4u);
}

TEST_CASE("philox: a draw depends on seed, name, element, sample and step, and on nothing else") {
    const auto draw = [](std::uint64_t seed, std::string_view name, std::uint64_t element,
                         std::uint64_t sample, std::uint64_t step) {
        return random_bits(philox_key(seed, name), element, sample, step);
    };
    const std::set<std::uint32_t> distinct{
        draw(1, "dropout", 0, 0, 0),          draw(2, "dropout", 0, 0, 0),
        draw(1, "dropout_1", 0, 0, 0),        draw(1, "dropout", 1, 0, 0),
        draw(1, "dropout", 4, 0, 0),          draw(1, "dropout", 0, 1, 0),
        draw(1, "dropout", 0, 0, 1),          draw(1, "dropout", 0, 0, 1ull << 32),
        draw(1ull << 32, "dropout", 0, 0, 0), draw(0, "dropout", 0, 0, 0)};
    CHECK(distinct.size() == 10);
    // Pinned: a change here changes every trained model.
    CHECK(draw(7, "dropout", 5, 3, 2) == philox4x32({1, 3, 2, 0}, philox_key(7, "dropout"))[1]);
    CHECK(philox_key(7, "dropout") == PhiloxKey{0xbc211a64, 0xf3d258c9});
}

TEST_CASE("philox: uniform draws lie in [0, 1) and fill it evenly") {
    CHECK(uniform_from_bits(0) == 0.0f);
    CHECK(uniform_from_bits(0xffffffff) == 1.0f - 0x1p-24f);
    const PhiloxKey key = philox_key(1, "uniform");
    constexpr int kDraws = 1 << 20;
    constexpr int kBins = 256;
    std::array<int, kBins> bins{};
    double sum = 0;
    double squares = 0;
    for (std::uint64_t e = 0; e < kDraws; ++e) {
        const float u = random_uniform(key, e, 0, 0);
        ++bins[static_cast<std::size_t>(u * kBins)];
        sum += u;
        squares += static_cast<double>(u) * u;
    }
    CHECK(sum / kDraws == Approx(0.5).margin(0.0015));
    CHECK(squares / kDraws == Approx(1.0 / 3).margin(0.0015));
    constexpr double expected = 1.0 * kDraws / kBins;
    double chi = 0;
    for (const int count : bins)
        chi += std::pow(count - expected, 2) / expected;
    CHECK(chi < 255 + 5 * std::sqrt(2.0 * 255)); // five standard deviations
}

TEST_CASE("philox: draws of neighbouring samples, steps and elements are uncorrelated") {
    const PhiloxKey key = philox_key(3, "correlation");
    constexpr int kDraws = 1 << 16;
    double by_element = 0;
    double by_sample = 0;
    double by_step = 0;
    for (std::uint64_t i = 0; i < kDraws; ++i) {
        const double u = random_uniform(key, i, 0, 0) - 0.5;
        by_element += u * (random_uniform(key, i + 1, 0, 0) - 0.5);
        by_sample += u * (random_uniform(key, i, 1, 0) - 0.5);
        by_step += u * (random_uniform(key, i, 0, 1) - 0.5);
    }
    const double bound = 5.0 / 12 / std::sqrt(kDraws); // five standard deviations, in variances
    for (const double correlation : {by_element, by_sample, by_step})
        CHECK(std::abs(correlation / kDraws) < bound);
}

TEST_CASE("philox: normal draws have the moments of the standard normal distribution") {
    const PhiloxKey key = philox_key(2, "normal");
    constexpr int kDraws = 1 << 20;
    std::array<double, 4> moments{};
    int beyond_two = 0;
    for (std::uint64_t e = 0; e < kDraws; ++e) {
        const double x = random_normal(key, e, 0, 0);
        REQUIRE(std::isfinite(x));
        double power = 1;
        for (double& moment : moments)
            moment += (power *= x);
        beyond_two += std::abs(x) > 2 ? 1 : 0;
    }
    CHECK(moments[0] / kDraws == Approx(0).margin(0.005));
    CHECK(moments[1] / kDraws == Approx(1).margin(0.007));
    CHECK(moments[2] / kDraws == Approx(0).margin(0.02));
    CHECK(moments[3] / kDraws == Approx(3).margin(0.05));
    CHECK(static_cast<double>(beyond_two) / kDraws == Approx(0.0455).margin(0.001));
}

TEST_CASE("philox: the extreme lanes of a normal draw are finite") {
    CHECK(normal_from_block({0, 0, 0, 0}, 0) == Approx(5.768f).margin(0.001));
    CHECK(normal_from_block({0xffffffff, 0, 0, 0}, 0) == 0.0f);
    CHECK(std::isfinite(normal_from_block({0, 0xffffffff, 0, 0}, 1)));
}
