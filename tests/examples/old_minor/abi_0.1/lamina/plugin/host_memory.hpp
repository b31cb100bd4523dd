/// How much host memory there is (Linux).
#pragma once

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <string>

#include <sys/resource.h>
#include <sys/sysinfo.h>
#include <unistd.h>

namespace lamina::plugin {

/// Of the machine, in bytes.
inline uint64_t total_host_memory() {
    struct sysinfo info {};
    return sysinfo(&info) == 0 ? uint64_t{info.totalram} * info.mem_unit : 0;
}

/// What this process can still get without swapping, in bytes: what the kernel holds to be
/// available (free, or a cache that it would give up), within the limit on the process's address
/// space (setrlimit's RLIMIT_AS, the shell's `ulimit -v`).
inline uint64_t available_host_memory() {
    uint64_t available = 0;
    std::ifstream meminfo("/proc/meminfo");
    for (std::string key, rest; meminfo >> key; std::getline(meminfo, rest))
        if (key == "MemAvailable:") {
            uint64_t kibibytes = 0;
            meminfo >> kibibytes;
            available = kibibytes * 1024;
            break;
        }
    rlimit limit{};
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        uint64_t pages = 0;
        std::ifstream("/proc/self/statm") >> pages;
        const uint64_t used = pages * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
        available = std::min(available, limit.rlim_cur > used ? limit.rlim_cur - used : 0);
    }
    return available;
}

} // namespace lamina::plugin
