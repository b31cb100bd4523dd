// The fast CPU backend: own vectorised kernels, and OpenBLAS for matrix products.

#include <cblas.h>
#include <hwy/targets.h>

#include <fstream>
#include <string>

#include "lamina/plugin/host_backend.hpp"

namespace lamina::plugin {
namespace {

std::string processor() {
    std::ifstream info("/proc/cpuinfo");
    for (std::string line; std::getline(info, line);)
        if (line.starts_with("model name"))
            if (const auto colon = line.find(": "); colon != std::string::npos)
                return line.substr(colon + 2);
    return "CPU";
}

/// The best instruction set that the kernels are compiled for and the processor has.
const char* instruction_set() {
    const auto targets = hwy::SupportedTargets();
    if ((targets & HWY_AVX3) != 0)
        return "AVX-512";
    if ((targets & HWY_AVX2) != 0)
        return "AVX2";
    if ((targets & HWY_SSE4) != 0)
        return "SSE4";
    return "SSE2";
}

struct OpenBlasBackend {
    static constexpr auto schema =
        R"({"memory_limit_mib": {"type": "int", "default": 0, "min": 0}})";
    static constexpr auto doc = "fast CPU kernels: vectorised, multithreaded, OpenBLAS";
    static constexpr auto type = "cpu";

    static std::string name() { return processor(); }
    static std::string details() {
        return std::string(R"({"simd": ")") + instruction_set() + R"(", "blas": "OpenBLAS"})";
    }
    /// Threads are the engine's: OpenBLAS works on the thread that calls it.
    static void open() { openblas_set_num_threads(1); }
};

LAMINA_HOST_BACKEND(openblas, OpenBlasBackend)
LAMINA_PLUGIN("openblas", "0.1.0")

} // namespace
} // namespace lamina::plugin
