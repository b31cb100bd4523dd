/// What lamina-conformance runs: named checks, each of one property of a backend.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "lamina/device.hpp"
#include "lamina/error.hpp"

namespace lamina::conformance {

/// What came of a test with one of the backend's kernels.
struct Result {
    std::string test;
    std::string candidate; // the kernel; "" where the backend chooses
    enum class Verdict { Passed, Failed, Unsupported } verdict = Verdict::Passed;
    std::string reason; // of a failure or refusal
};

/// The backend under test, as --backend names it, opened; and the oracle.
struct Target {
    std::string spec;
    std::shared_ptr<Device> device, reference;
};

struct Test {
    std::string name; // "conv/same_3x3/random/gradient": what it is about first
    std::string mode; // test, grad, train or contract
    std::function<std::vector<Result>(const Target&)> run;
    bool large = false; // holds tensors above 128 MiB, or takes a minute: left out unless asked for

    /// What a list of required operators calls it: an operator, model, train or contract.
    std::string subject() const { return name.substr(0, name.find('/')); }
};

using Tests = std::vector<Test>;

/// CONFORMANCE_TESTS(train) { tests.push_back(...); } in a file of this program adds to the list.
struct TestSource {
    explicit TestSource(std::function<void(Tests&)> source) { all().push_back(std::move(source)); }
    static std::vector<std::function<void(Tests&)>>& all();
};

/// Every test, sorted by name. Throws when two have one name.
Tests all_tests();

/// The result of a test that is one thing: passed where `wrong` is "".
std::vector<Result> verdict(const std::string& test, const std::string& wrong);

/// What an Error means for a test: Unsupported stays what it is, all else is a failure.
std::vector<Result> verdict(const std::string& test, const Error& error);

/// At most `count` of the tests. Which ones depends on their names and the seed: for every subject
/// and mode in turn, the one that comes next in the order of the names' hashes, so that each
/// operator and each gradient is there before any is there twice, and a new test changes little.
Tests sample(Tests tests, size_t count, uint64_t seed);

} // namespace lamina::conformance

#define CONFORMANCE_TESTS(family)                                                                  \
    static void family##_tests(::lamina::conformance::Tests& tests);                               \
    static const ::lamina::conformance::TestSource source_of_##family(family##_tests);             \
    static void family##_tests(::lamina::conformance::Tests& tests)
