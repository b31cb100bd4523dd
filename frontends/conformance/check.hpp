/// Runs one case on a backend and judges it against the reference.
#pragma once

#include "case.hpp"
#include "lamina/device.hpp"

namespace lamina::conformance {

/// What came of a case with one candidate (or of its gradient: candidate "gradient").
struct Result {
    std::string test;
    std::string candidate;
    enum class Verdict { Passed, Failed, Unsupported } verdict = Verdict::Passed;
    std::string reason; // of a failure or refusal
};

/// Every candidate in turn, twice, with one thread and with two, and in place where it says that it
/// can; then the gradient.
std::vector<Result> check(const Case& test, const std::shared_ptr<Device>& device,
                          const std::shared_ptr<Device>& reference);

/// "" when the backend takes the case, else why not. Runs nothing.
std::string refusal(const Case& test, const std::shared_ptr<Device>& device,
                    const std::shared_ptr<Device>& reference);

} // namespace lamina::conformance
