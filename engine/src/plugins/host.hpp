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

/// Calls a function of a plugin's table whose last parameter is an lm_error*; throws lamina::Error
/// on failure.
template <class Function, class... Args>
void call(Function* function, Args&&... args) {
    lm_error error{};
    error.struct_size = sizeof error;
    check(function(static_cast<Args&&>(args)..., &error), error);
}

} // namespace lamina
