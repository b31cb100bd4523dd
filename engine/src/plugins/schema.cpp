#include "plugins/schema.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/schema_faults.hpp"
#include "lamina/text.hpp"

namespace lamina {

namespace {

/// Whether it is a whole number that plugins can be given: as an int64_t.
bool is_integer_value(const Json& v) {
    if (v.is_number_unsigned())
        return v.get<uint64_t>() <= INT64_MAX;
    if (!v.is_number_float())
        return v.is_number_integer();
    const auto x = v.get<double>();
    constexpr double limit = 0x1p63;
    return x >= -limit && x < limit && x == std::trunc(x);
}

bool is_list_of(const Json& v, bool (*element)(const Json&)) {
    return v.is_array() ? std::all_of(v.begin(), v.end(), element) : element(v);
}

/// null in a list: an extent that is not known, such as the batch.
bool is_extent(const Json& v) { return v.is_null() || is_integer_value(v); }
bool is_number(const Json& v) { return v.is_number(); }

bool is_named_part(const Json& v) {
    if (!v.is_object())
        return v.is_string();
    const auto name = v.find("class_name"), config = v.find("config");
    return name != v.end() && name->is_string() &&
           (config == v.end() || config->is_object() || config->is_null());
}

/// For messages: text that is no UTF-8, which a command line may hold, must not throw.
std::string shown(const Json& v) {
    constexpr size_t most = 200;
    std::string text = v.dump(-1, ' ', false, Json::error_handler_t::replace);
    return text.size() > most ? text.substr(0, most) + "..." : text;
}

struct TypeRule {
    const char* description;
    bool (*accepts)(const Json&);
};

const std::map<std::string, TypeRule, std::less<>>& type_rules() {
    static const std::map<std::string, TypeRule, std::less<>> rules = {
        {"bool", {"true or false", [](const Json& v) { return v.is_boolean(); }}},
        {"int", {"an integer", is_integer_value}},
        {"float", {"a number", [](const Json& v) { return v.is_number(); }}},
        {"string", {"a string", [](const Json& v) { return v.is_string(); }}},
        {"ints",
         {"an integer or a list of integers",
          [](const Json& v) { return is_list_of(v, is_extent); }}},
        {"floats",
         {"a number or a list of numbers", [](const Json& v) { return is_list_of(v, is_number); }}},
        {"object", {"an object", [](const Json& v) { return v.is_object(); }}},
        {"any", {"a value", [](const Json&) { return true; }}},
        {"initializer", {"an initializer: a name or {\"class_name\", \"config\"}", is_named_part}},
        {"regularizer", {"a regularizer: a name or {\"class_name\", \"config\"}", is_named_part}},
        {"activation", {"an activation: a name or {\"class_name\", \"config\"}", is_named_part}},
        {"constraint", {"a constraint: a name or {\"class_name\", \"config\"}", is_named_part}},
    };
    return rules;
}

[[noreturn]] void refuse(const std::string& where, const std::string& reason) {
    throw UsageError(where + ": " + reason);
}

void check_range(const Json& v, const Json& spec, const std::string& key,
                 const std::string& where) {
    const auto check = [&](const Json& element) {
        if (!element.is_number())
            return;
        const double x = element.get<double>();
        const auto bound = [&](const char* name, const char* text, auto holds) {
            if (spec.contains(name) && !holds(x, spec.at(name).get<double>()))
                refuse(where, fmt::format("`{}` must be {} {}, got {}", key, text,
                                          spec.at(name).dump(), shown(element)));
        };
        bound("min", "at least", [](double a, double b) { return a >= b; });
        bound("max", "at most", [](double a, double b) { return a <= b; });
        bound("above", "above", [](double a, double b) { return a > b; });
        bound("below", "below", [](double a, double b) { return a < b; });
    };
    if (v.is_array())
        for (const Json& element : v)
            check(element);
    else
        check(v);
}

void check_enum(const Json& v, const Json& spec, const std::string& key, const std::string& where) {
    if (!spec.contains("enum"))
        return;
    std::vector<std::string> allowed;
    for (const Json& e : spec.at("enum")) {
        if (e == v)
            return;
        allowed.push_back(e.is_string() ? e.get<std::string>() : e.dump());
    }
    refuse(where,
           fmt::format("`{}` must be one of {}, got {}", key, join(allowed, ", "), shown(v)));
}

Json checked_value(const Json& v, const Json& spec, const std::string& key,
                   const std::string& where) {
    if (v.is_null()) {
        const bool may_be_null = spec.value("nullable", false) ||
                                 (spec.contains("default") && spec.at("default").is_null());
        if (!may_be_null)
            refuse(where, fmt::format("`{}` must not be null", key));
        return v;
    }
    const auto type = spec.value("type", std::string("any"));
    const auto rule = type_rules().find(type);
    if (rule == type_rules().end())
        refuse(where, fmt::format("the schema gives `{}` the unknown type `{}`", key, type));
    if (!rule->second.accepts(v))
        refuse(where,
               fmt::format("`{}` must be {}, got {}", key, rule->second.description, shown(v)));
    check_range(v, spec, key, where);
    check_enum(v, spec, key, where);
    if (type == "int" && v.is_number_float())
        return static_cast<int64_t>(v.get<double>());
    return v;
}

} // namespace

Json apply_schema(const Json& config, const std::string& schema_text, const std::string& where) {
    const Json schema = parse_json(schema_text, where + ": the schema");
    if (!config.is_object())
        refuse(where, "the configuration must be an object, got " + shown(config));
    std::vector<std::string> known;
    for (const auto& [key, spec] : schema.items())
        known.push_back(key);
    for (const auto& [key, value] : config.items())
        if (!schema.contains(key))
            refuse(where,
                   fmt::format("unknown key `{}`{}; known: {}", key, did_you_mean(key, known),
                               known.empty() ? "none" : join(known, ", ")));
    Json out = Json::object();
    for (const auto& [key, spec] : schema.items()) {
        if (config.contains(key))
            out[key] = checked_value(config.at(key), spec, key, where);
        else if (spec.value("required", false))
            refuse(where, fmt::format("`{}` is missing", key));
        else
            out[key] = spec.contains("default") ? spec.at("default") : Json();
    }
    return out;
}

namespace {

/// What a key of a schema gets wrong, "" for nothing.
std::string key_fault(const std::string& key, const Json& spec) {
    static const std::vector<std::string> properties = {"type", "default", "required", "nullable",
                                                        "min",  "max",     "above",    "below",
                                                        "enum", "example", "doc"};
    if (!spec.is_object())
        return fmt::format("`{}` must be an object of properties, got {}", key, spec.dump());
    for (const auto& [property, value] : spec.items())
        if (std::find(properties.begin(), properties.end(), property) == properties.end())
            return fmt::format("`{}` has the unknown property `{}`{}", key, property,
                               did_you_mean(property, properties));
    if (spec.contains("enum") && (!spec.at("enum").is_array() || spec.at("enum").empty()))
        return fmt::format("the enum of `{}` must be a list of allowed values", key);
    for (const char* bound : {"min", "max", "above", "below"})
        if (spec.contains(bound) && !spec.at(bound).is_number())
            return fmt::format("`{}` of `{}` must be a number", bound, key);
    for (const char* flag : {"required", "nullable"})
        if (spec.contains(flag) && !spec.at(flag).is_boolean())
            return fmt::format("`{}` of `{}` must be true or false", flag, key);
    if (spec.value("required", false) && spec.contains("default"))
        return fmt::format("`{}` is required and has a default", key);
    if (spec.contains("type") && !spec.at("type").is_string())
        return fmt::format("the type of `{}` must be a string", key);
    try {
        for (const char* sample : {"default", "example"})
            if (spec.contains(sample))
                checked_value(spec.at(sample), spec, key, sample);
    } catch (const UsageError& e) {
        return e.what();
    }
    const auto type = spec.value("type", std::string("any"));
    if (!type_rules().contains(type))
        return fmt::format("`{}` has the unknown type `{}`", key, type);
    return "";
}

} // namespace

std::vector<std::string> schema_faults(const char* text) {
    if (text == nullptr)
        return {"it has no schema; one without keys is {}"};
    const Json schema = Json::parse(text, nullptr, false);
    if (!schema.is_object())
        return {fmt::format("the schema is no JSON object: {}", std::string(text).substr(0, 80))};
    std::vector<std::string> faults;
    for (const auto& [key, spec] : schema.items())
        if (const std::string fault = key_fault(key, spec); !fault.empty())
            faults.push_back(fault);
    return faults;
}

} // namespace lamina
