/// `lamina bench --tune`.
#pragma once

#include <nlohmann/json.hpp>

#include "command.hpp"

namespace lamina::cli {

/// --tune and its bounds.
void add_tuning_options(Options& options);
void check_tuning_options(const Options& options);

/// Measures the kernels of the step, adds the choices to the plan that is kept for its device, and
/// says what came of it, unless --json asks for the object alone.
nlohmann::ordered_json tune_step(const Options& options, Device& device, const Executable& step);

} // namespace lamina::cli
