#include "data/augmenter_text.hpp"

#include <vector>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/text.hpp"

namespace lamina {

namespace {

/// The pieces between the commas that stand in no bracket and no text.
std::vector<std::string> items(const std::string& text) {
    std::vector<std::string> out(1);
    int depth = 0;
    bool quoted = false;
    for (const char c : text) {
        quoted = quoted != (c == '"');
        depth += quoted ? 0 : (c == '[' || c == '{') - (c == ']' || c == '}');
        if (c == ',' && depth == 0 && !quoted)
            out.emplace_back();
        else
            out.back() += c;
    }
    return out;
}

Json number(const std::string& text) {
    // JSON wants a digit behind the point: 1. as Python's people write it is 1.0.
    const bool bare = text.size() > 1 && text.back() == '.';
    Json value = Json::parse(bare ? text + '0' : text, nullptr, false);
    return value.is_number() ? value : Json();
}

/// LOW:HIGH as [low, high] and A/B as their quotient; null for anything else.
Json pair(const std::string& text) {
    for (const char sign : {':', '/'}) {
        const auto parts = split(text, sign);
        if (parts.size() != 2)
            continue;
        const Json a = number(parts[0]), b = number(parts[1]);
        if (a.is_null() || b.is_null())
            continue;
        if (sign == ':')
            return Json::array({a, b});
        if (b.get<double>() != 0)
            return a.get<double>() / b.get<double>();
    }
    return {};
}

Json value(const std::string& text) {
    if (Json of_two = pair(text); !of_two.is_null())
        return of_two;
    if (Json alone = number(text); !alone.is_null())
        return alone;
    const Json json = Json::parse(text, nullptr, false);
    return json.is_discarded() ? Json(text) : json;
}

} // namespace

Json parse_augmenter_text(const std::string& text) {
    Json out = Json::object();
    for (const std::string& item : items(text)) {
        const auto equals = item.find('=');
        const std::string name(trim(item.substr(0, equals)));
        if (name.empty())
            throw UsageError(fmt::format("--augment `{}`: a name is missing; expected NAME, "
                                         "NAME=VALUE, ... with commas between",
                                         text));
        if (out.contains(name))
            throw UsageError(fmt::format("--augment: {} is given twice", name));
        out[name] = equals == std::string::npos ? Json(true)
                                                : value(std::string(trim(item.substr(equals + 1))));
    }
    return out;
}

} // namespace lamina
