/// What training shows and leaves behind, for the commands that train.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "command.hpp"

namespace lamina::cli {

/// A bar or a line for each epoch and its validation. headline: what is said before the first.
std::shared_ptr<Callback> training_progress(ProgressMode mode, const std::string& headline);

/// --callback, which may be given several times.
void add_callback_option(Options& options);
/// Each NAME[:key=value,...]. Throws UsageError.
std::vector<std::shared_ptr<Callback>> open_callbacks(const std::vector<std::string>& specs);

/// .csv, or .json.
void write_history(const std::string& path, const History& history);
/// Accuracy and loss, of training and validation.
void draw_history(const std::string& path, const History& history);

} // namespace lamina::cli
