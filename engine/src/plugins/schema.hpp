/// Checks configurations against the schemas that plugins declare.
#pragma once

#include <string>

#include "io/json.hpp"

/// A configuration as plugins see it. Texts handed out live as long as it does.
struct lm_config {
    explicit lm_config(lamina::Json json) : value(std::move(json)) {}
    lamina::Json value;
    mutable std::map<std::string, std::string> texts;
};

namespace lamina {

/// A schema is an object: key -> {"type", "default", "required", "nullable", "min", "max", "above",
/// "below", "enum", "example", "doc"}. Types: bool int float string ints floats any object, and
/// initializer, regularizer, activation, constraint (a name or {"class_name", "config"}).
///
/// Returns the configuration with defaults filled in, in the schema's order. Throws UsageError that
/// begins with `where` and names the key: unknown (with the nearest known one), missing, of the
/// wrong type, out of range.
Json apply_schema(const Json& config, const std::string& schema, const std::string& where);

} // namespace lamina
