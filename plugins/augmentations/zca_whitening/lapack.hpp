#pragma once

#include <boost/dll/shared_library.hpp>

#include <cstdint>
#include <span>

namespace lamina::plugin {

/// Sums of products and eigenvectors, by OpenBLAS. It is loaded when it is first needed, and with
/// one thread: those that it starts as it loads are not wanted in a process that has its own.
class Lapack {
  public:
    /// Throws Error: LM_UNSUPPORTED where it is not installed.
    Lapack();

    /// sum += rows^T rows, its upper triangle. rows: [n, d] row-major; sum: [d, d].
    void add_products(std::span<const double> rows, int32_t n, int32_t d,
                      std::span<double> sum) const;
    /// matrix: [d, d] symmetric, its upper triangle given (row-major); becomes the eigenvectors,
    /// one a row. values: [d], the eigenvalues, ascending. Throws Error.
    void eigenvectors(std::span<double> matrix, int32_t d, std::span<double> values) const;
    /// product = a^T b. a: [k, m], b: [k, n], product: [m, n], all row-major.
    void multiply_transposed(std::span<const double> a, std::span<const double> b, int32_t k,
                             int32_t m, int32_t n, std::span<double> product) const;

  private:
    boost::dll::shared_library library_;
};

} // namespace lamina::plugin
