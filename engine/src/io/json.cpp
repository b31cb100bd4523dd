#include "io/json.hpp"

#include <algorithm>

#include "lamina/error.hpp"

namespace lamina {

Json parse_json(std::string_view text, const std::string& what) {
    try {
        return Json::parse(text);
    } catch (const Json::parse_error& e) {
        const auto end = text.begin() + static_cast<std::ptrdiff_t>(
                                            std::min(e.byte == 0 ? 0 : e.byte - 1, text.size()));
        const auto line = 1 + std::count(text.begin(), end, '\n');
        const auto last = std::find(std::make_reverse_iterator(end), text.rend(), '\n');
        const auto column = 1 + std::distance(std::make_reverse_iterator(end), last);
        std::string reason = e.what();
        if (const auto at = reason.find(": "); at != std::string::npos) reason = reason.substr(at + 2);
        fail(StatusCode::InvalidArgument, what + ": line " + std::to_string(line) + ", column " +
                                              std::to_string(column) + ": not valid JSON: " + reason);
    }
}

} // namespace lamina
