/// Where Keras 3 looks for the classes that an architecture names.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace lamina::plugin {

inline void name_module(nlohmann::ordered_json& object, const char* module) {
    object["module"] = module;
    object["registered_name"] = nullptr;
}

/// model_from_json and load_model of Keras 3 find classes by their module. Functional models are
/// `Model` in it, which tf.keras 2 takes too.
inline nlohmann::ordered_json with_modules(const std::string& architecture) {
    auto json = nlohmann::ordered_json::parse(architecture);
    name_module(json, "keras");
    if (json.at("class_name") == "Functional")
        json["class_name"] = "Model";
    for (auto& layer : json.at("config").at("layers"))
        name_module(layer, "keras.layers");
    return json;
}

} // namespace lamina::plugin
