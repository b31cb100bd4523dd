/// Writing configurations: json_object({{"filters", 20}, {"activation", "relu"}}).
#pragma once

#include <cmath>
#include <concepts>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lamina::plugin {

/// A JSON value as text.
struct JsonText {
    std::string text;

    JsonText(std::nullptr_t) : text("null") {}
    JsonText(bool value) : text(value ? "true" : "false") {}
    template <std::integral T>
    JsonText(T value) : text(std::to_string(value)) {}
    /// JSON has no infinities and NaNs; null stands for them, as in Keras's files.
    JsonText(double value) : text("null") {
        if (std::isfinite(value)) {
            char digits[32];
            std::snprintf(digits, sizeof digits, "%.17g", value);
            text = digits;
        }
    }
    JsonText(const char* value) : JsonText(std::string_view(value)) {}
    JsonText(const std::string& value) : JsonText(std::string_view(value)) {}
    JsonText(std::string_view value) : text("\"") {
        for (const char c : value) {
            if (static_cast<unsigned char>(c) < 0x20) {
                char escape[8];
                std::snprintf(escape, sizeof escape, "\\u%04x", static_cast<unsigned>(c));
                text += escape;
            } else {
                if (c == '"' || c == '\\')
                    text += '\\';
                text += c;
            }
        }
        text += '"';
    }
    JsonText(std::span<const JsonText> values) : text("[") {
        for (size_t i = 0; i < values.size(); ++i)
            text += (i ? ", " : "") + values[i].text;
        text += ']';
    }
    JsonText(const std::vector<int64_t>& values)
        : JsonText(std::vector<JsonText>(values.begin(), values.end())) {}
    JsonText(const std::vector<JsonText>& values) : JsonText(std::span<const JsonText>(values)) {}

    /// Text that is JSON already.
    static JsonText raw(std::string json) {
        JsonText value(nullptr);
        value.text = std::move(json);
        return value;
    }
};

inline std::string
json_object(std::initializer_list<std::pair<std::string_view, JsonText>> members) {
    std::string text = "{";
    for (const auto& [key, value] : members)
        text += (text.size() > 1 ? ", " : "") + JsonText(key).text + ": " + value.text;
    return text + "}";
}

} // namespace lamina::plugin
