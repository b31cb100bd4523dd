#pragma once

#include "lamina/error.hpp"

#include <string>
#include <system_error>
#include <thread>
#include <utility>

namespace lamina {

/// A thread that runs f; joined when destroyed. Throws Error OutOfMemory where the system gives no
/// more: its stack did not fit, or the user may have no more processes.
template <typename F>
std::jthread start_thread(F f) {
    try {
        return std::jthread(std::move(f));
    } catch (const std::system_error& e) {
        throw Error(StatusCode::OutOfMemory,
                    "cannot start another thread (" + e.code().message() +
                        "): raise the limits on memory and processes (ulimit -v, ulimit -u) or set "
                        "fewer --threads");
    }
}

} // namespace lamina
