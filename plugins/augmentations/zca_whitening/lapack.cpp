#include "lapack.hpp"

#include "lamina/plugin/plugin.hpp"

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

namespace lamina::plugin {
namespace {

constexpr const char* kFile = "libopenblas.so.0";
constexpr const char* kThreads = "OPENBLAS_NUM_THREADS";

// cblas.h's
constexpr int kRowMajor = 101, kNoTranspose = 111, kTranspose = 112, kUpper = 121;
using Dsyrk = void(int, int, int, int, int, double, const double*, int, double, double*, int);
using Dgemm = void(int, int, int, int, int, int, double, const double*, int, const double*, int,
                   double, double*, int);
using Dsyevd = void(const char*, const char*, const int*, double*, const int*, double*, double*,
                    const int*, int*, const int*, int*, size_t, size_t);

} // namespace

Lapack::Lapack() {
    std::optional<std::string> before;
    if (const char* given = std::getenv(kThreads))
        before = given;
    setenv(kThreads, "1", 1);
    boost::dll::fs::error_code error;
    library_.load(kFile, error, boost::dll::load_mode::search_system_folders);
    if (before)
        setenv(kThreads, before->c_str(), 1);
    else
        unsetenv(kThreads);
    if (error)
        unsupported(std::string("it needs ") + kFile +
                    ", which cannot be loaded (Debian: libopenblas0-pthread): " + error.message());
}

void Lapack::add_products(std::span<const double> rows, int32_t n, int32_t d,
                          std::span<double> sum) const {
    library_.get<Dsyrk>("cblas_dsyrk")(kRowMajor, kUpper, kTranspose, d, n, 1, rows.data(), d, 1,
                                       sum.data(), d);
}

void Lapack::eigenvectors(std::span<double> matrix, int32_t d, std::span<double> values) const {
    auto& dsyevd = library_.get<Dsyevd>("dsyevd_");
    // LAPACK counts columns first: the upper triangle by rows is its lower one, and a vector a
    // column is for us one a row.
    int status = 0, integers = 0;
    double reals = 0;
    const int ask = -1;
    const auto solve = [&](double* work, const int* room, int* iwork, const int* iroom) {
        dsyevd("V", "L", &d, matrix.data(), &d, values.data(), work, room, iwork, iroom, &status, 1,
               1);
        if (status != 0)
            throw Error(LM_INTERNAL, "no eigenvectors of the products of the training samples were "
                                     "found; are there values that are not finite?");
    };
    solve(&reals, &ask, &integers, &ask);
    std::vector<double> work(static_cast<size_t>(reals));
    std::vector<int> iwork(static_cast<size_t>(integers));
    const auto room = static_cast<int>(work.size());
    solve(work.data(), &room, iwork.data(), &integers);
}

void Lapack::multiply_transposed(std::span<const double> a, std::span<const double> b, int32_t k,
                                 int32_t m, int32_t n, std::span<double> product) const {
    library_.get<Dgemm>("cblas_dgemm")(kRowMajor, kTranspose, kNoTranspose, m, n, k, 1, a.data(), m,
                                       b.data(), n, 0, product.data(), n);
}

} // namespace lamina::plugin
