/// Another program, run to its end with a limit of time.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace lamina::cli {

struct ChildEnd {
    bool timed_out = false;
    int signal = 0; // that ended it; 0: none
    int code = 0;   // its exit code
};

/// Starts the program, passes on each line of its standard output, and waits. Past the limit it and
/// what it has started are killed. Throws Error when it cannot be started.
ChildEnd run_child(const std::filesystem::path& program, const std::vector<std::string>& arguments,
                   int seconds, const std::function<void(const std::string&)>& line);

} // namespace lamina::cli
