#include "lamina/config.hpp"

#include <fmt/format.h>

#include "io/json.hpp"

namespace lamina {

ConfigValue::ConfigValue(double value) : json_(Json(value).dump()) {}
ConfigValue::ConfigValue(const std::string& value) : json_(Json(value).dump()) {}
ConfigValue::ConfigValue(std::initializer_list<int> values)
    : json_(Json(std::vector<int>(values)).dump()) {}

std::string Config::json() const {
    std::string text = "{";
    for (const auto& [key, value] : entries_)
        text += fmt::format("{}{}:{}", text.size() > 1 ? "," : "", Json(key).dump(), value.json());
    return text + "}";
}

} // namespace lamina
