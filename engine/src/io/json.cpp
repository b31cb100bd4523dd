#include "io/json.hpp"

#include "lamina/error.hpp"
#include "lamina/file.hpp"

#include <algorithm>
#include <set>
#include <vector>

namespace lamina {
namespace {

std::string place(std::string_view text, std::size_t byte, const std::string& source) {
    const std::string_view before = text.substr(0, std::min(byte == 0 ? 0 : byte - 1, text.size()));
    const auto line = std::count(before.begin(), before.end(), '\n') + 1;
    const std::size_t start = before.rfind('\n');
    const std::size_t column =
        before.size() - (start == std::string_view::npos ? 0 : start + 1) + 1;
    return source + ": line " + std::to_string(line) + ", column " + std::to_string(column);
}

/// nlohmann's text after its own code and position: "[json.exception.parse_error.101] parse error
/// at line 1, column 2: syntax error while ...".
std::string reason(const std::string& what) {
    const std::size_t start = what.find("column ");
    const std::size_t colon = what.find(": ", start == std::string::npos ? 0 : start);
    return colon == std::string::npos ? what : what.substr(colon + 2);
}

} // namespace

Json parse_json(std::string_view text, const std::string& source) {
    std::vector<std::set<std::string>> open_objects;
    const auto refuse_twins = [&](int, Json::parse_event_t event, Json& parsed) {
        if (event == Json::parse_event_t::object_start)
            open_objects.emplace_back();
        else if (event == Json::parse_event_t::object_end)
            open_objects.pop_back();
        else if (event == Json::parse_event_t::key &&
                 !open_objects.back().insert(parsed.get<std::string>()).second)
            throw Error(StatusCode::InvalidArgument, source + ": the key \"" +
                                                         parsed.get<std::string>() +
                                                         "\" occurs twice in one object");
        return true;
    };
    try {
        return Json::parse(text.begin(), text.end(), refuse_twins);
    } catch (const Json::parse_error& error) {
        throw Error(StatusCode::InvalidArgument,
                    place(text, error.byte, source) + ": not valid JSON: " + reason(error.what()));
    } catch (const Json::out_of_range& error) { // "[json.exception.out_of_range.406] number ..."
        const std::string what = error.what();
        throw Error(StatusCode::InvalidArgument, source + ": " + what.substr(what.find("] ") + 2));
    }
}

Json read_json(const std::filesystem::path& path) {
    return parse_json(read_text(path), path.string());
}

} // namespace lamina
