/// Calls into a backend's table.
#pragma once

#include "lamina/error.hpp"
#include "lamina/plugin/abi.h"

namespace lamina::conformance {

/// Throws what the function reports.
template <class Function, class... Args>
void call(Function* function, Args... args) {
    lm_error error{};
    error.struct_size = sizeof error;
    if (const lm_status status = function(args..., &error); status != LM_OK)
        throw Error(static_cast<StatusCode>(status), error.message);
}

} // namespace lamina::conformance
