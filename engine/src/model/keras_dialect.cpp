#include "model/keras_dialect.hpp"

#include <map>

namespace lamina {

namespace {

/// clip(0.2 x + 0.5, 0, 1) in Keras 1 and 2; Keras 3 has the slope 1/6.
constexpr double kOldHardSigmoidSlope = 0.2;

bool is_hard_sigmoid(const Json& activation) {
    return activation == "hard_sigmoid" ||
           (activation.is_object() && activation.contains("class_name") &&
            activation.at("class_name") == "hard_sigmoid");
}
bool is_old_hard_sigmoid(const Json& activation) {
    return is_hard_sigmoid(activation) && activation.is_object() && activation.contains("config") &&
           activation.at("config") == Json{{"slope", kOldHardSigmoidSlope}};
}

void rename(Json& config, const char* from, const char* to) {
    if (!config.contains(from))
        return;
    config[to] = config.at(from);
    config.erase(from);
}

/// Keys that only some versions know, with the value at which they change nothing.
void drop_neutral(Json& config, const std::map<std::string, Json>& neutral) {
    for (const auto& [key, value] : neutral)
        if (config.contains(key) && config.at(key) == value)
            config.erase(key);
}

/// {"class_name": "DTypePolicy", "config": {"name": "float32"}} is float32.
Json plain_dtype(const Json& dtype) {
    return dtype.is_object() && dtype.contains("config") && dtype.at("config").contains("name")
               ? dtype.at("config").at("name")
               : dtype;
}

/// What tf.keras 2 lists for layers to which it means nothing.
void drop_inherited(const std::string& class_name, Json& config) {
    if (class_name.ends_with("Transpose"))
        drop_neutral(config, {{"groups", 1}});
    if (class_name.starts_with("SpatialDropout"))
        drop_neutral(config, {{"noise_shape", nullptr}});
    if (class_name.starts_with("Depthwise") || class_name.starts_with("Separable")) {
        drop_neutral(
            config,
            {{"groups", 1}, {"kernel_regularizer", nullptr}, {"kernel_constraint", nullptr}});
        config.erase("kernel_initializer"); // their weights have other names
    }
}

} // namespace

bool is_before_keras_3(const Json& architecture, const std::string& stated_outside) {
    const auto own = architecture.find("keras_version");
    const std::string version =
        own != architecture.end() && own->is_string() ? own->get<std::string>() : stated_outside;
    return version.empty() ? !architecture.contains("module") : version.front() < '3';
}

Json from_keras_dialect(const std::string& class_name, Json config, bool before_keras_3) {
    if (config.contains("dtype"))
        config["dtype"] = plain_dtype(config.at("dtype"));
    if (class_name == "BatchNormalization" && config.contains("axis") &&
        config.at("axis").is_array() && config.at("axis").size() == 1)
        config["axis"] = Json(config.at("axis")[0]);
    if (class_name == "LeakyReLU") // Keras 3 still takes the old name
        rename(config, "alpha", "negative_slope");
    if (!before_keras_3)
        return config;
    if (needs_keras_3(config))
        config["activation"] = {{"class_name", "hard_sigmoid"},
                                {"config", {{"slope", kOldHardSigmoidSlope}}}};
    drop_inherited(class_name, config);
    return config;
}

bool needs_keras_3(const Json& config) {
    return config.contains("activation") && is_hard_sigmoid(config.at("activation")) &&
           !is_old_hard_sigmoid(config.at("activation"));
}

Json to_keras_dialect(const std::string& class_name, Json config) {
    if (class_name == "LeakyReLU")
        rename(config, "negative_slope", "alpha");
    if (config.contains("activation") && is_old_hard_sigmoid(config.at("activation")))
        config["activation"] = "hard_sigmoid";
    drop_neutral(config, {{"quantization_config", nullptr}, {"optional", false}});
    if (class_name == "ZeroPadding1D")
        drop_neutral(config, {{"data_format", "channels_last"}});
    for (auto& [key, value] : config.items())
        if (value.is_object() && value.contains("config") && value.at("config").is_object())
            drop_neutral(value.at("config"), {{"input_axes", nullptr}, {"output_axes", nullptr}});
    return config;
}

} // namespace lamina
