#include "plugins/option_text.hpp"

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/text.hpp"

namespace lamina {

/// 28x28x1 is [28, 28, 1]: a comma would part options.
static Json extents(const std::string& text) {
    Json out = Json::array();
    for (const std::string& piece : split(text, 'x')) {
        if (piece.empty() || piece.size() > 9 ||
            piece.find_first_not_of("0123456789") != std::string::npos)
            return {};
        out.push_back(std::stoll(piece));
    }
    return out.size() > 1 ? out : Json();
}

static Json option_value(const std::string& text) {
    if (Json list = extents(text); !list.is_null())
        return list;
    const Json value = Json::parse(text, nullptr, false);
    return value.is_number() || value.is_boolean() || value.is_null() ? value : Json(text);
}

PartOptions parse_part_options(const std::string& text, const std::string& where) {
    const auto colon = text.find(':');
    PartOptions out{text.substr(0, colon), Json::object()};
    if (out.name.empty())
        throw UsageError(fmt::format("{} `{}`: the name is missing", where, text));
    if (colon == std::string::npos)
        return out;
    for (const std::string& option : split(text.substr(colon + 1), ',')) {
        const auto equals = option.find('=');
        if (option.empty() || equals == 0)
            throw UsageError(
                fmt::format("{} `{}`: `{}` is not of the form key=value", where, text, option));
        out.options[option.substr(0, equals)] =
            equals == std::string::npos ? Json(true) : option_value(option.substr(equals + 1));
    }
    return out;
}

} // namespace lamina
