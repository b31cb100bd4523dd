#pragma once

// The instruction sets that each vectorised file is compiled for, chosen at run time by Highway.
// SCALAR is the fallback, which the compiler vectorises for SSE2, x86-64's baseline. SSSE3 and
// AVX3_DL add nothing that these kernels use over their neighbours.
// Include before any header of Highway.

#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_AVX3_DL)
