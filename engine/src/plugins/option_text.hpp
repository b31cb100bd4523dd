/// Parts with options as the command line writes them: NAME[:key=value,...].
#pragma once

#include <string>

#include "io/json.hpp"

namespace lamina {

struct PartOptions {
    std::string name;
    Json options = Json::object();
};

/// "adam:learning_rate=0.01,amsgrad=true". A bare word after the colon is true: "mnist:sample".
/// Values that are JSON numbers or booleans are such, 28x28x1 is a list of integers, all else is a
/// string. Throws UsageError that begins with `where`.
PartOptions parse_part_options(const std::string& text, const std::string& where);

} // namespace lamina
