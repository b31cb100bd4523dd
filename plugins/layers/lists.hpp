/// Lists of integers whose entries may be null or lists, read from JSON text.
#pragma once

#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "lamina/plugin/layer.hpp"

namespace lamina::plugin {

/// The integers and nulls of the key's value, in order, whatever their nesting.
inline std::vector<std::optional<int64_t>> flat_list(const Config& config, const char* key) {
    const std::string json = config.json(key);
    std::vector<std::optional<int64_t>> values;
    for (const char* at = json.c_str(); *at != '\0';) {
        if (std::string_view(" \t\n,[]").find(*at) != std::string_view::npos) {
            ++at;
        } else if (std::string_view(at).starts_with("null")) {
            values.emplace_back();
            at += 4;
        } else {
            char* end = nullptr;
            values.emplace_back(std::strtoll(at, &end, 10));
            if (end == at || *end == '.' || *end == 'e')
                invalid(std::string(key) + ": expected integers, got " + json);
            at = end;
        }
    }
    return values;
}

/// What is added to or cut from each spatial dimension.
struct Borders {
    Dims before, after;
};

/// Keras's forms: 1, for every side; [1, 2], a number a dimension, for both its sides; and
/// [[1, 1], [2, 0]], before and after. Of one dimension [1, 2] is before and after.
inline Borders read_borders(const Config& config, const char* key, size_t rank) {
    const auto values = flat_list(config, key);
    constexpr int64_t most = INT32_MAX; // so that extents with borders cannot overflow
    for (const auto& v : values)
        if (v.value_or(-1) < 0 || *v > most)
            invalid(std::string(key) + ": expected integers from 0 to " + std::to_string(most) +
                    ", got " + config.json(key));
    Borders borders;
    for (size_t i = 0; i < rank; ++i) {
        if (values.size() == 2 * rank) {
            borders.before.push_back(*values[2 * i]);
            borders.after.push_back(*values[2 * i + 1]);
        } else if (values.size() == 1 || values.size() == rank) {
            borders.before.push_back(*values[values.size() == 1 ? 0 : i]);
            borders.after.push_back(borders.before.back());
        } else {
            invalid(std::string(key) + ": expected one integer, or one or two for each of the " +
                    std::to_string(rank) + " dimensions, got " + config.json(key));
        }
    }
    return borders;
}

} // namespace lamina::plugin
