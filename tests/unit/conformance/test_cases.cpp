#include <catch2/catch.hpp>

#include <map>
#include <set>

#include "case.hpp"
#include "lamina/plugin/abi.h"
#include "lamina/registry.hpp"
#include "test.hpp"

using namespace lamina;
using namespace lamina::conformance;

namespace {

/// Constant almost everywhere, or drawn: their gradients are 0 and nothing to test.
const std::set<std::string> flat{
    "argmax",     "one_hot",       "sign",           "floor",           "ceil",
    "round",      "is_finite",     "logical_not",    "equal",           "not_equal",
    "less",       "less_equal",    "greater",        "greater_equal",   "logical_and",
    "logical_or", "random_normal", "random_uniform", "random_bernoulli"};

std::map<std::string, int> count(bool gradients) {
    std::map<std::string, int> counts;
    for (const Case& c : all_cases())
        if (!gradients || !c.gradient.empty())
            ++counts[c.op];
    return counts;
}

Tests tests_of(const std::vector<std::string>& names) {
    Tests tests;
    for (const std::string& name : names)
        tests.push_back({name, "test", {}});
    return tests;
}

std::vector<std::string> names_of(const Tests& tests) {
    std::vector<std::string> names;
    for (const Test& t : tests)
        names.push_back(t.name);
    return names;
}

} // namespace

TEST_CASE("cases: at least 30 for every operator, 2,000 in all") {
    const auto counts = count(false);
    for (const PartInfo& op : Registry::global().list("operator")) {
        INFO(op.name);
        CHECK((counts.contains(op.name) ? counts.at(op.name) : 0) >= 30);
    }
    CHECK(all_cases().size() >= 2000);
}

TEST_CASE("cases: at least 30 for the gradient of every operator that has one") {
    const auto counts = count(true);
    for (const PartInfo& info : Registry::global().list("operator")) {
        const Part op = Registry::global().find("operator", info.name);
        if (op.as<lm_operator>().gradient == nullptr || flat.contains(info.name))
            continue;
        INFO(info.name);
        CHECK((counts.contains(info.name) ? counts.at(info.name) : 0) >= 30);
    }
}

TEST_CASE("cases: batches of 1, 127, 128 and 129, and no case above 128 MiB that is not marked") {
    std::set<int64_t> batches;
    for (const Case& c : all_cases())
        for (const Input& input : c.inputs) {
            if (input.shape.rank() > 1)
                batches.insert(input.shape[0]);
            INFO(c.name);
            CHECK((c.large || input.shape.elements() < int64_t{1} << 25));
        }
    for (const int64_t batch : {1, 127, 128, 129})
        CHECK(batches.contains(batch));
}

TEST_CASE("sample: every subject comes before any comes twice; the seed decides which") {
    const Tests all = tests_of({"a/1", "a/2", "a/3", "a/4", "a/5", "b/1", "b/2", "c/1"});
    const auto subjects = [](const Tests& tests) {
        std::set<std::string> set;
        for (const Test& t : tests)
            set.insert(t.subject());
        return set;
    };
    const Tests three = sample(all, 3, 1);
    CHECK(three.size() == 3);
    CHECK(subjects(three) == std::set<std::string>{"a", "b", "c"});
    CHECK(names_of(sample(all, 3, 1)) == names_of(three));
    CHECK(names_of(sample(all, 100, 1)) == names_of(all));
    std::set<std::vector<std::string>> different;
    for (uint64_t seed = 1; seed < 20; ++seed)
        different.insert(names_of(sample(all, 3, seed)));
    CHECK(different.size() > 3);
}

TEST_CASE("sample: a test that is added takes at most one other's place") {
    std::vector<std::string> names;
    for (int i = 0; i < 50; ++i)
        names.push_back("a/" + std::to_string(i));
    const auto before = names_of(sample(tests_of(names), 20, 1));
    for (int i = 50; i < 60; ++i) {
        auto more = names;
        more.push_back("a/" + std::to_string(i));
        const auto after = names_of(sample(tests_of(more), 20, 1));
        std::set<std::string> gone(before.begin(), before.end());
        for (const std::string& name : after)
            gone.erase(name);
        CHECK(gone.size() <= 1);
    }
}
