#include "schema_cases.hpp"

#include <algorithm>
#include <cmath>

#include "lamina/registry.hpp"
#include "model/tracer.hpp"

namespace lamina::test {

namespace {

// ---- The oracle ---------------------------------------------------------------------------

bool whole(const Json& v) {
    if (v.is_number_unsigned())
        return v.get<uint64_t>() < uint64_t{1} << 63;
    return v.is_number_integer() || (v.is_number_float() && std::abs(v.get<double>()) < 0x1p63 &&
                                     std::floor(v.get<double>()) == v.get<double>());
}

bool in_bounds(const Json& v, const Json& spec) {
    if (!v.is_number())
        return true;
    const double x = v.get<double>();
    return !(spec.contains("min") && x < spec.at("min").get<double>()) &&
           !(spec.contains("max") && x > spec.at("max").get<double>()) &&
           !(spec.contains("above") && x <= spec.at("above").get<double>()) &&
           !(spec.contains("below") && x >= spec.at("below").get<double>());
}

bool has_type(const Json& v, const std::string& type) {
    const auto each = [&](auto holds) {
        if (!v.is_array())
            return static_cast<bool>(holds(v));
        for (const Json& e : v)
            if (!holds(e))
                return false;
        return true;
    };
    if (type == "any")
        return true;
    if (type == "bool")
        return v.is_boolean();
    if (type == "int")
        return whole(v);
    if (type == "float")
        return v.is_number();
    if (type == "string")
        return v.is_string();
    if (type == "object")
        return v.is_object();
    if (type == "ints")
        return each([&](const Json& e) { return whole(e) || (v.is_array() && e.is_null()); });
    if (type == "floats")
        return each([](const Json& e) { return e.is_number(); });
    // initializer, regularizer, activation, constraint
    if (v.is_string())
        return true;
    if (!v.is_object() || !v.contains("class_name") || !v.at("class_name").is_string())
        return false;
    return !v.contains("config") || v.at("config").is_object() || v.at("config").is_null();
}

bool fits(const Json& v, const Json& spec) {
    if (v.is_null())
        return spec.value("nullable", false) ||
               (spec.contains("default") && spec.at("default").is_null());
    if (!has_type(v, spec.value("type", "any")))
        return false;
    for (const Json& e : v.is_array() ? v : Json::array({v}))
        if (!in_bounds(e, spec))
            return false;
    const auto allowed = spec.find("enum");
    return allowed == spec.end() ||
           std::find(allowed->begin(), allowed->end(), v) != allowed->end();
}

} // namespace

std::set<std::string> wrong_keys(const Json& config, const Json& schema) {
    std::set<std::string> wrong;
    for (const auto& [key, value] : config.items())
        if (!schema.contains(key) || !fits(value, schema.at(key)))
            wrong.insert(key);
    for (const auto& [key, spec] : schema.items())
        if (spec.value("required", false) && !config.contains(key))
            wrong.insert(key);
    return wrong;
}

namespace {

// ---- Configurations -----------------------------------------------------------------------

/// Any JSON value, often one at an edge.
Json any_value(Draw& draw, int depth = 0) {
    static const std::vector<Json> values = {nullptr,    true,       false,
                                             0,          1,          -1,
                                             2,          3,          7,
                                             1000,       INT64_MAX,  INT64_MIN,
                                             UINT64_MAX, 0.0,        0.5,
                                             -0.5,       1e308,      -1e308,
                                             1e-308,     9.3e18,     "",
                                             "same",     "valid",    "relu",
                                             "zeros",    "l2",       "channels_last",
                                             "nonsense", "\xc3\xa9", std::string(300, 'x')};
    if (depth < 3 && draw.one_in(5)) {
        Json list = Json::array();
        for (size_t n = draw.below(5); n > 0; --n)
            list.push_back(any_value(draw, depth + 1));
        return list;
    }
    if (depth < 3 && draw.one_in(6))
        return {{"class_name", any_value(draw, depth + 1)}, {"config", any_value(draw, depth + 1)}};
    return draw.of(values);
}

/// A number within a key's bounds.
Json number_for(const Json& spec, bool integer, Draw& draw) {
    static const std::vector<double> usual = {0, 1, 2, 3, 5, -1, 7, 0.1, 0.5, 0.9, 16, 100, 1e4};
    for (int tries = 0; tries < 50; ++tries) {
        double x = draw.of(usual);
        if (integer)
            x = std::floor(x);
        if (draw.one_in(40))
            x = integer ? 0x1p40 : 1e30;
        const Json v = integer ? Json(static_cast<int64_t>(x)) : Json(x);
        if (in_bounds(v, spec))
            return v;
    }
    for (const char* bound : {"min", "max"})
        if (spec.contains(bound))
            return spec.at(bound);
    return 1;
}

Json part_for(const std::string& kind, Draw& draw);

/// A value that the schema allows; null where no other is known.
Json fitting_value(const Json& spec, Draw& draw) {
    const auto type = spec.value("type", std::string("any"));
    if (spec.contains("enum"))
        return spec.at("enum")[draw.below(spec.at("enum").size())];
    if (spec.contains("default") && draw.one_in(4))
        return spec.at("default");
    if (type == "bool")
        return draw.one_in(2);
    if (type == "int" || type == "float")
        return number_for(spec, type == "int", draw);
    if (type == "ints" || type == "floats") {
        Json list = Json::array();
        for (size_t n = draw.below(4); n > 0; --n)
            list.push_back(number_for(spec, type == "ints", draw));
        return list;
    }
    if (type == "string")
        return draw.one_in(2) ? "nonsense" : "same";
    if (type == "object")
        return Json::object();
    if (type == "initializer" || type == "regularizer" || type == "activation")
        return part_for(type, draw);
    if (type == "constraint")
        return "max_norm";
    return any_value(draw, 2);
}

Json fitting_configuration(const Json& schema, Draw& draw) {
    Json config = Json::object();
    for (const auto& [key, spec] : schema.items())
        if (spec.value("required", false) || draw.one_in(3))
            config[key] = fitting_value(spec, draw);
    return config;
}

/// A part within another's configuration, by its name or with a configuration of its own.
Json part_for(const std::string& kind, Draw& draw) {
    static std::map<std::string, std::vector<std::pair<std::string, Json>>> known;
    auto& parts = known[kind];
    if (parts.empty())
        for (const std::string& name : Registry::global().names(kind))
            parts.emplace_back(name, part_schema(kind, name));
    const auto& [name, schema] = draw.of(parts);
    if (draw.one_in(2))
        return name;
    return {{"class_name", name}, {"config", fitting_configuration(schema, draw)}};
}

Json scattered_configuration(const Json& schema, Draw& draw) {
    Json config = Json::object();
    for (const auto& [key, spec] : schema.items())
        if (!draw.one_in(3))
            config[key] = draw.one_in(2) ? fitting_value(spec, draw) : any_value(draw);
    if (draw.one_in(8))
        config["nonsense"] = any_value(draw);
    return config;
}

/// A key with one letter too many or too few.
std::string misspelt(std::string key, const Json& schema, Draw& draw) {
    do {
        const size_t at = draw.below(key.size() + 1);
        if (draw.one_in(2) || at == key.size() || key.size() < 2)
            key.insert(at, 1, static_cast<char>('a' + draw.below(26)));
        else
            key.erase(at, 1);
    } while (schema.contains(key));
    return key;
}

bool is_part(const Json& spec) {
    const auto type = spec.value("type", std::string());
    return type == "initializer" || type == "regularizer" || type == "activation";
}

} // namespace

Case some_case(const Json& schema, Draw& draw) {
    if (draw.one_in(4))
        return {scattered_configuration(schema, draw), ""};
    Case c{fitting_configuration(schema, draw), ""};
    std::vector<std::string> keys;
    for (const auto& [key, spec] : schema.items())
        keys.push_back(key);
    if (draw.one_in(3))
        return c;
    // One thing wrong.
    if (keys.empty() || draw.one_in(4)) {
        c.config[misspelt(keys.empty() ? "rate" : draw.of(keys), schema, draw)] = any_value(draw);
        return c;
    }
    const std::string& key = draw.of(keys);
    if (is_part(schema.at(key)) && draw.one_in(2)) {
        const std::string kind = schema.at(key).at("type");
        c.wrong_within = "not_a_setting";
        // And nothing set that could turn the weight off.
        for (const std::string& other : keys)
            if (!schema.at(other).value("required", false))
                c.config.erase(other);
        c.config[key] = {{"class_name", draw.of(Registry::global().names(kind))},
                         {"config", Json{{c.wrong_within, 1}}}};
    } else if (draw.one_in(5)) {
        c.config.erase(key);
    } else {
        c.config[key] = any_value(draw);
    }
    return c;
}

} // namespace lamina::test
