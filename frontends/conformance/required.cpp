#include "required.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>

#include <fnmatch.h>

#include "lamina/error.hpp"

namespace lamina::conformance {

bool matches(const std::string& text, const std::string& pattern) {
    if (pattern.find_first_of("*?") == std::string::npos)
        return text.find(pattern) != std::string::npos;
    return fnmatch(pattern.c_str(), text.c_str(), 0) == 0;
}

Required::Required(const std::string& file) {
    std::ifstream stream(file);
    if (!stream)
        fail(StatusCode::Io, "cannot read the list of required operators " + file);
    for (std::string line; std::getline(stream, line);) {
        std::istringstream words(line.substr(0, line.find('#')));
        std::string first, second;
        if (!(words >> first))
            continue;
        if (first == "except" && words >> second)
            exceptions_.push_back(second);
        else if (first != "except" && !(words >> second))
            operators_.push_back(first);
        else
            fail(StatusCode::InvalidArgument,
                 file + ": `" + line + "` is neither an operator nor `except PATTERN`");
    }
}

bool Required::includes(const std::string& op, const std::string& test) const {
    return std::find(operators_.begin(), operators_.end(), op) != operators_.end() &&
           std::none_of(exceptions_.begin(), exceptions_.end(),
                        [&](const std::string& e) { return matches(test, e); });
}

} // namespace lamina::conformance
