#pragma once

#include <cblas.h>

namespace lamina::cpu {

/// The functions of a BLAS that the products call; they run on their caller's thread alone.
struct Blas {
    decltype(&cblas_sgemm) sgemm;
    decltype(&cblas_sgemv) sgemv;
};

} // namespace lamina::cpu
