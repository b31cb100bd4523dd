#include "test.hpp"

#include <algorithm>
#include <map>

#include "lamina/plugin/philox.hpp"

namespace lamina::conformance {

std::vector<std::function<void(Tests&)>>& TestSource::all() {
    static std::vector<std::function<void(Tests&)>> list;
    return list;
}

Tests all_tests() {
    Tests tests;
    for (const auto& source : TestSource::all())
        source(tests);
    const auto by_name = [](const Test& a, const Test& b) { return a.name < b.name; };
    std::sort(tests.begin(), tests.end(), by_name);
    for (size_t i = 1; i < tests.size(); ++i)
        if (tests[i].name == tests[i - 1].name)
            fail(StatusCode::Internal, "two conformance tests are named " + tests[i].name);
    return tests;
}

std::vector<Result> verdict(const std::string& test, const std::string& wrong) {
    return {{test, "", wrong.empty() ? Result::Verdict::Passed : Result::Verdict::Failed, wrong}};
}

std::vector<Result> verdict(const std::string& test, const Error& error) {
    return {{test, "",
             error.code() == StatusCode::Unsupported ? Result::Verdict::Unsupported
                                                     : Result::Verdict::Failed,
             error.what()}};
}

Tests sample(Tests tests, size_t count, uint64_t seed) {
    const auto hash = [&](const Test& t) {
        const PhiloxKey key = philox_key(seed, t.name);
        return uint64_t{key[1]} << 32 | key[0];
    };
    std::map<std::pair<std::string, std::string>, std::vector<std::pair<uint64_t, Test*>>> groups;
    for (Test& t : tests)
        groups[{t.subject(), t.mode}].emplace_back(hash(t), &t);
    std::vector<std::pair<std::pair<size_t, uint64_t>, Test*>> order; // by round, then by hash
    for (auto& [group, list] : groups) {
        std::sort(list.begin(), list.end());
        for (size_t round = 0; round < list.size(); ++round)
            order.push_back({{round, list[round].first}, list[round].second});
    }
    std::sort(order.begin(), order.end());
    Tests chosen;
    for (size_t i = 0; i < std::min(count, order.size()); ++i)
        chosen.push_back(std::move(*order[i].second));
    std::sort(chosen.begin(), chosen.end(),
              [](const Test& a, const Test& b) { return a.name < b.name; });
    return chosen;
}

} // namespace lamina::conformance
