#include "model/monitor.hpp"

#include <cmath>

namespace lamina {

Monitor::Monitor(std::string name)
    : name_(std::move(name)), more_is_better_(name_.find("acc") != std::string::npos) {}

bool Monitor::improves(double value) {
    const std::optional<double>& best = standing.best;
    const bool better =
        !std::isnan(value) && (!best || (more_is_better_ ? value > *best : value < *best));
    standing.since_best = better ? 0 : standing.since_best + 1;
    standing.since_drop = better ? 0 : standing.since_drop + 1;
    if (better)
        standing.best = value;
    return better;
}

} // namespace lamina
