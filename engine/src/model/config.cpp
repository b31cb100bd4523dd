#include "lamina/config.hpp"

#include "lamina/error.hpp"

#include <fmt/format.h>

#include "io/json.hpp"

namespace lamina {

ConfigValue::ConfigValue(double value) : json_(Json(value).dump()) {}
ConfigValue::ConfigValue(const std::string& value) : json_(Json(value).dump()) {}
ConfigValue::ConfigValue(std::initializer_list<int> values)
    : json_(Json(std::vector<int>(values)).dump()) {}

ConfigValue ConfigValue::of_json(std::string text) {
    ConfigValue value(nullptr);
    value.json_ = std::move(text);
    return value;
}

Config Config::of_json(const std::string& text) {
    const Json json = parse_json(text, "a configuration");
    if (!json.is_object())
        fail(StatusCode::InvalidArgument, "a configuration must be a JSON object, got " + text);
    Config config;
    for (const auto& [key, value] : json.items())
        config.entries_.emplace_back(key, ConfigValue::of_json(value.dump()));
    return config;
}

std::string Config::json() const {
    std::string text = "{";
    for (const auto& [key, value] : entries_)
        text += fmt::format("{}{}:{}", text.size() > 1 ? "," : "", Json(key).dump(), value.json());
    return text + "}";
}

} // namespace lamina
