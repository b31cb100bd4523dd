/// Read access to a validated configuration.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include "lamina/plugin/plugin.hpp"

namespace lamina::plugin {

/// Keys are checked against the schema before a plugin sees them, so a getter without a default
/// throws only for a key that is null or absent from the schema. Paths reach inside:
/// "kernel_initializer/config/seed".
class Config {
  public:
    Config(const lm_host* host, const lm_config* config) : host_(host), config_(config) {}

    bool has(const char* key) const {
        const char* text = nullptr;
        return host_->config_json(config_, key, &text) == LM_OK;
    }

    int64_t integer(const char* key) const {
        return get<int64_t>(key, host_->config_int, "an integer");
    }
    double number(const char* key) const {
        return get<double>(key, host_->config_float, "a number");
    }
    bool boolean(const char* key) const {
        return get<int32_t>(key, host_->config_bool, "true or false") != 0;
    }
    std::string string(const char* key) const {
        return get<const char*>(key, host_->config_string, "a string");
    }
    std::string json(const char* key) const {
        return get<const char*>(key, host_->config_json, "a value");
    }

    int64_t integer(const char* key, int64_t otherwise) const {
        return has(key) ? integer(key) : otherwise;
    }
    double number(const char* key, double otherwise) const {
        return has(key) ? number(key) : otherwise;
    }
    std::string string(const char* key, const char* otherwise) const {
        return has(key) ? string(key) : std::string(otherwise);
    }
    /// JSON text, or "null".
    std::string json_or_null(const char* key) const { return has(key) ? json(key) : "null"; }

    /// A number counts as a list of one.
    std::vector<int64_t> integers(const char* key) const {
        uint64_t count = 0;
        check(host_->config_ints(config_, key, 0, nullptr, &count), key, "a list of integers");
        std::vector<int64_t> values(count);
        check(host_->config_ints(config_, key, count, values.data(), &count), key,
              "a list of integers");
        return values;
    }
    /// A list of `rank` integers; a single one is repeated.
    std::vector<int64_t> integers(const char* key, size_t rank) const {
        auto values = integers(key);
        if (values.size() == 1)
            values.assign(rank, values[0]);
        if (values.size() != rank)
            invalid(std::string(key) + ": expected " + std::to_string(rank) + " integers, got " +
                    std::to_string(values.size()));
        return values;
    }

    /// A number counts as a list of one.
    std::vector<double> numbers(const char* key) const {
        const std::string text = json(key);
        std::vector<double> values;
        for (const char* at = text.c_str(); *at != '\0';) {
            char* end = nullptr;
            const double value = std::strtod(at, &end);
            if (end != at)
                values.push_back(value);
            at = end != at ? end : at + 1;
        }
        return values;
    }

    const lm_host* host() const { return host_; }
    const lm_config* raw() const { return config_; }

  private:
    template <class T, class Getter>
    T get(const char* key, Getter getter, const char* expected) const {
        T value{};
        check(getter(config_, key, &value), key, expected);
        return value;
    }
    void check(lm_status status, const char* key, const char* expected) const {
        if (status != LM_OK)
            throw Error(status, std::string(key) + ": expected " + expected);
    }

    const lm_host* host_;
    const lm_config* config_;
};

} // namespace lamina::plugin
