/// Ctrl-C, kill, and a terminal that goes away.
#pragma once

#include <array>
#include <csignal>

namespace lamina::cli {

/// While it lives, the first of these signals asks for an end at the next good moment; the second
/// one ends the program at once. What the caller has set to be ignored (nohup) stays ignored.
class EndOnSignals {
  public:
    EndOnSignals();
    ~EndOnSignals();
    EndOnSignals(const EndOnSignals&) = delete;
    EndOnSignals& operator=(const EndOnSignals&) = delete;

  private:
    static constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP};
    std::array<void (*)(int), kSignals.size()> before_{};
};

/// Non-zero once an end was asked for.
const volatile int& end_asked();

} // namespace lamina::cli
