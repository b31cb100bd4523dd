/// Runs graphs on the reference backend: gradients against finite differences, decompositions
/// against the operators they stand for.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "build.hpp"
#include "lamina/tensor.hpp"

namespace lamina::test {

/// Values in [low, high), the same for the same seed, none closer than 1e-3 to another or to 0, so
/// that a finite difference crosses no kink.
Tensor random(const Dims& dims, double low = -2, double high = 2, uint64_t seed = 1);
Tensor indices(const std::vector<int64_t>& values, const Dims& dims);
Tensor f64(const std::vector<double>& values, const Dims& dims);
Tensor f64(const std::vector<double>& values);
std::vector<double> doubles(const Tensor& tensor);

/// The operator's outputs.
std::vector<Tensor> run(const char* op, const std::vector<Tensor>& inputs, const Attrs& attrs = {});

/// The gradients of sum(y * dy) by the operator's rule, one an input: no elements where the rule
/// gives none. dy: one an output, f64; all ones when left out.
std::vector<Tensor> gradients(const char* op, const std::vector<Tensor>& inputs,
                              const Attrs& attrs = {}, const std::vector<Tensor>& dy = {});

/// Checks the rule against central differences of a random weighting of all floating-point outputs.
/// Every floating-point input must have a gradient. The tolerance, 2e-6 of the largest element (at
/// least 1), is what constants kept in f32 leave in f64.
void check_gradient(const char* op, const std::vector<Tensor>& inputs, const Attrs& attrs = {});

/// Checks that the operator's decomposition gives the operator's outputs.
void check_decomposition(const char* op, const std::vector<Tensor>& inputs,
                         const Attrs& attrs = {});

} // namespace lamina::test
