/// Settings of layers and other parts, written in C++ as one would in JSON:
///     {{"filters", 20}, {"kernel_size", {5, 5}}, {"activation", "relu"}}
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "lamina/export.hpp"

namespace lamina {

class LAMINA_API ConfigValue {
  public:
    ConfigValue(std::nullptr_t) : json_("null") {}
    ConfigValue(bool value) : json_(value ? "true" : "false") {}
    ConfigValue(int value) : json_(std::to_string(value)) {}
    ConfigValue(int64_t value) : json_(std::to_string(value)) {}
    ConfigValue(double value);
    ConfigValue(const char* value) : ConfigValue(std::string(value)) {}
    ConfigValue(const std::string& value);
    ConfigValue(std::initializer_list<int> values);
    /// A value of any kind as JSON text.
    static ConfigValue of_json(std::string text);

    const std::string& json() const { return json_; }

  private:
    std::string json_;
};

class LAMINA_API Config {
  public:
    Config() = default;
    Config(std::initializer_list<std::pair<std::string, ConfigValue>> entries)
        : entries_(entries) {}

    /// From a JSON object. Throws Error(InvalidArgument) for other text.
    static Config of_json(const std::string& text);
    /// A JSON object.
    std::string json() const;

  private:
    std::vector<std::pair<std::string, ConfigValue>> entries_;
};

} // namespace lamina
