#include "interrupt.hpp"

namespace lamina::cli {

namespace {

volatile int asked = 0;

void on_signal(int signal) {
    asked = 1;
    std::signal(signal, SIG_DFL);
}

} // namespace

EndOnSignals::EndOnSignals() {
    for (std::size_t i = 0; i < kSignals.size(); ++i) {
        before_[i] = std::signal(kSignals[i], on_signal);
        if (before_[i] == SIG_IGN)
            std::signal(kSignals[i], SIG_IGN);
    }
}

EndOnSignals::~EndOnSignals() {
    for (std::size_t i = 0; i < kSignals.size(); ++i)
        std::signal(kSignals[i], before_[i]);
}

const volatile int& end_asked() { return asked; }

} // namespace lamina::cli
