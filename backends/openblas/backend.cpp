// The fast CPU backend: own vectorised kernels, and OpenBLAS for matrix products.

#include <cblas.h>
#include <hwy/targets.h>

#include <fstream>
#include <iterator>
#include <mutex>
#include <string>

#include "lamina/plugin/host_backend.hpp"
#include "library.hpp"

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

struct InstructionSet {
    const char* option;
    const char* name;
    int64_t targets; // of Highway: this one's and all below it
};

constexpr int64_t kBaseline = HWY_SCALAR | HWY_EMU128; // what the compiler makes of it for SSE2
constexpr InstructionSet kInstructionSets[] = {
    {"avx512", "AVX-512", HWY_AVX3 | HWY_AVX2 | HWY_SSE4 | kBaseline},
    {"avx2", "AVX2", HWY_AVX2 | HWY_SSE4 | kBaseline},
    {"sse4", "SSE4", HWY_SSE4 | kBaseline},
    {"sse2", "SSE2", kBaseline}};

/// The best that the kernels are compiled for and the processor has.
const InstructionSet& best_instruction_set() {
    const auto has = hwy::SupportedTargets();
    for (const InstructionSet& set : kInstructionSets)
        if ((has & set.targets & ~kBaseline) == (set.targets & ~kBaseline))
            return set;
    return std::end(kInstructionSets)[-1];
}

/// Highway's choice holds for the whole process, so the devices that are open at one time agree.
class ChosenInstructionSet {
  public:
    void open(const std::string& option) {
        const std::lock_guard lock(mutex_);
        if (open_ == 0)
            hwy::SetSupportedTargetsForTest(0); // what the processor has
        const InstructionSet& best = best_instruction_set();
        const InstructionSet* wanted = &best;
        for (const InstructionSet& set : kInstructionSets)
            if (option == set.option)
                wanted = &set;
        if (open_ > 0 && wanted->targets != chosen_->targets)
            throw Error(LM_INVALID_ARGUMENT, std::string("simd=") + option +
                                                 ": this process computes with " + chosen_->name +
                                                 " already, on a device that is open");
        if ((wanted->targets & best.targets) != wanted->targets)
            unsupported(std::string("simd=") + option + ": this processor has " + best.name +
                        " at most");
        hwy::SetSupportedTargetsForTest(wanted->targets);
        hwy::GetChosenTarget().Update(hwy::SupportedTargets());
        chosen_ = wanted;
        ++open_;
    }
    void close() {
        const std::lock_guard lock(mutex_);
        --open_;
    }

  private:
    std::mutex mutex_;
    int open_ = 0;
    const InstructionSet* chosen_ = nullptr;
};
ChosenInstructionSet chosen;

struct OpenBlasBackend {
    static constexpr auto schema =
        R"({"memory_limit_mib": {"type": "int", "default": 0, "min": 0},
            "simd": {"type": "string", "default": "best",
                     "enum": ["best", "avx512", "avx2", "sse4", "sse2"]}})";
    static constexpr auto doc = "fast CPU kernels: vectorised, multithreaded, OpenBLAS";
    static constexpr auto type = "cpu";

    static std::string name() { return processor(); }
    static std::string details() {
        return std::string(R"({"simd": ")") + best_instruction_set().name +
               R"(", "blas": "OpenBLAS"})";
    }
    static void open(const Config& config) {
        chosen.open(config.string("simd"));
        try {
            cpu::load_openblas();
        } catch (...) {
            chosen.close();
            throw;
        }
    }
    static void close() { chosen.close(); }
};

LAMINA_HOST_BACKEND(openblas, OpenBlasBackend)
LAMINA_PLUGIN("openblas", "0.1.0")

} // namespace
} // namespace lamina::plugin
