/// The engine's side of the boundary: what a callback throws becomes a status.
#pragma once

#include "lamina/error.hpp"
#include "lamina/plugin/plugin.hpp"

namespace lamina {

/// As plugin::guard, for the engine's own errors too.
template <class Body>
lm_status guarded(lm_error* error, Body&& body) noexcept {
    return plugin::guard(error, [&] {
        try {
            body();
        } catch (const Error& e) {
            throw plugin::Error(static_cast<lm_status>(e.code()), e.what());
        }
    });
}

} // namespace lamina
