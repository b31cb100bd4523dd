#include "plugins/option_text.hpp"

#include <fmt/format.h>

#include "lamina/text.hpp"
#include "lamina/error.hpp"

namespace lamina {

static Json option_value(const std::string& text) {
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
