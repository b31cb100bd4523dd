/// The table that plugins get.
#pragma once

#include "lamina/plugin/abi.h"

namespace lamina {

const lm_host* host_table();

/// What the graph and the model store put into the host table.
const lm_graph_api* graph_api();
const lm_store_api* store_api();

/// Throws lamina::Error for a status that is not LM_OK.
void check(lm_status status, const lm_error& error, const char* where = "");

/// What a plugin's function threw, though the ABI forbids it: to be asked while it is being caught.
lm_status caught(lm_error& error) noexcept;

/// Adds to an internal error's message the plugin that the function lies in.
void name_plugin(lm_error& error, const void* function) noexcept;

/// Calls a function of a plugin's table whose last parameter is an lm_error*.
template <class Function, class... Args>
lm_status attempt(lm_error& error, Function* function, Args&&... args) {
    error.struct_size = sizeof error;
    lm_status status = LM_OK;
    try {
        status = function(static_cast<Args&&>(args)..., &error);
    } catch (...) {
        status = caught(error);
    }
    if (status == LM_INTERNAL)
        name_plugin(error, reinterpret_cast<const void*>(function));
    return status;
}

/// The same; throws lamina::Error on failure.
template <class Function, class... Args>
void call(Function* function, Args&&... args) {
    lm_error error; // its 2 KiB are not cleared: this is called between the steps of a training
    error.code = LM_OK;
    error.message[0] = '\0';
    check(attempt(error, function, static_cast<Args&&>(args)...), error);
}

} // namespace lamina
