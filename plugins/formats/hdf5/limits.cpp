#include "limits.hpp"

#include <algorithm>

#include <sys/resource.h>

namespace lamina::plugin {

namespace {

constexpr rlim_t kSeconds = 3;
constexpr rlim_t kMemory = rlim_t{512} << 20;
/// A slow machine's inflate gives some 100 MB/s.
constexpr rlim_t kBytesPerSecond = 20'000'000;
/// A filter's input and output, and the converted elements.
constexpr rlim_t kCopies = 3;

/// Lower limits that were set by others stay.
void set(decltype(RLIMIT_CPU) resource, rlim_t amount) {
    rlimit limit{};
    getrlimit(resource, &limit);
    limit.rlim_cur = std::min(limit.rlim_max, amount);
    setrlimit(resource, &limit);
}

void set_memory([[maybe_unused]] rlim_t bytes) {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // which map terabytes
    set(RLIMIT_AS, bytes);
#endif
}

} // namespace

void limit_for_structure() {
    set(RLIMIT_CORE, 0);
    set(RLIMIT_CPU, kSeconds);
    set_memory(kMemory);
}

void limit_for_data(uint64_t bytes, uint64_t largest_at_once) {
    set(RLIMIT_CPU, kSeconds + bytes / kBytesPerSecond);
    set_memory(kMemory + kCopies * largest_at_once);
}

} // namespace lamina::plugin
