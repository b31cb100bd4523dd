#include "lamina/history.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "io/json.hpp"

namespace lamina {

const double* find(const Values& values, const std::string& name) {
    const auto it =
        std::find_if(values.begin(), values.end(), [&](const auto& v) { return v.first == name; });
    return it == values.end() ? nullptr : &it->second;
}

static std::vector<std::string> names_of(const std::vector<EpochRecord>& epochs) {
    std::vector<std::string> names;
    for (const EpochRecord& e : epochs)
        for (const auto& [name, value] : e.values)
            if (std::find(names.begin(), names.end(), name) == names.end())
                names.push_back(name);
    return names;
}

std::string History::to_csv() const {
    const auto names = names_of(epochs);
    std::string text = "epoch";
    for (const std::string& name : names)
        text += "," + name;
    text += ",seconds\n";
    for (const EpochRecord& e : epochs) {
        text += std::to_string(e.epoch + 1);
        for (const std::string& name : names) {
            const double* value = find(e.values, name);
            text += value == nullptr ? "," : fmt::format(",{:.9g}", *value);
        }
        text += fmt::format(",{:.3f}\n", e.seconds);
    }
    return text;
}

std::string History::to_json() const {
    Json out = Json::object();
    Json numbers = Json::array(), seconds = Json::array();
    for (const EpochRecord& e : epochs) {
        numbers.push_back(e.epoch + 1);
        seconds.push_back(e.seconds);
    }
    out["epoch"] = numbers;
    for (const std::string& name : names_of(epochs)) {
        Json list = Json::array();
        for (const EpochRecord& e : epochs) {
            const double* value = find(e.values, name);
            list.push_back(value == nullptr ? Json() : Json(*value));
        }
        out[name] = list;
    }
    out["seconds"] = seconds;
    return out.dump(2) + "\n";
}

std::vector<double> History::series(const std::string& name) const {
    std::vector<double> out;
    for (const EpochRecord& e : epochs)
        if (const double* value = find(e.values, name))
            out.push_back(*value);
    return out;
}

} // namespace lamina
