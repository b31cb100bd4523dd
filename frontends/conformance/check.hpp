/// Runs one case on a backend and judges it against the reference.
#pragma once

#include "case.hpp"
#include "single_node.hpp"
#include "test.hpp"

namespace lamina::conformance {

/// Every candidate in turn, twice, with one thread and with two, and in place where it says that it
/// can.
std::vector<Result> check(const Case& test, const Target& target);

/// The operator's gradient, differentiated, optimised, planned and compiled as training does it.
std::vector<Result> check_gradient(const Case& test, const Target& target);

/// The case's inputs, with those filled in that the reference derives.
std::vector<Tensor> complete_inputs(const Case& test, const Target& target);

/// The kernels that the backend offers for the case. Runs nothing of the backend. Throws
/// Error(Unsupported) with its reason.
std::vector<Candidate> candidates(const Case& test, const Target& target);

} // namespace lamina::conformance
