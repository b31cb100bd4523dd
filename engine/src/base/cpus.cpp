#include "lamina/thread_pool.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <thread>

namespace lamina {
namespace {

/// The processors that control group v2 grants ("max 100000" or "150000 100000"), 0 for no limit.
int group_quota() {
    std::ifstream file("/sys/fs/cgroup/cpu.max");
    std::string quota;
    double period = 0;
    if (!(file >> quota >> period) || quota == "max" || period <= 0)
        return 0;
    try {
        return static_cast<int>(std::ceil(std::stod(quota) / period));
    } catch (const std::exception&) {
        return 0;
    }
}

} // namespace

int available_cpus() {
    // glibc counts the affinity mask here, not the machine's processors.
    const int allowed = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
    const int quota = group_quota();
    return quota > 0 ? std::min(allowed, quota) : allowed;
}

} // namespace lamina
