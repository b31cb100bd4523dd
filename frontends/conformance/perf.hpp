/// How fast each kernel of a backend is on a case. No verdict.
#pragma once

#include "case.hpp"
#include "test.hpp"

namespace lamina::conformance {

struct Speed {
    std::string test, kernel;
    double seconds = 0; // the least of several runs, as the backend's profile gives it
    double gflops = 0;  // floating-point operations a second
    double gbytes = 0;  // bytes of inputs and outputs a second
};

/// Throws Error(Unsupported) with the backend's reason.
std::vector<Speed> measure(const Case& test, const Target& target);

} // namespace lamina::conformance
