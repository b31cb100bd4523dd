#include "model/keras_optimizer.hpp"

#include <algorithm>
#include <iterator>

#include "lamina/text.hpp"
#include "model/optimizer_graph.hpp"
#include "model/tracer.hpp"

namespace lamina {

namespace {

/// "adamw" is Keras's AdamW; empty where it is none of Keras's.
std::string keras_class(const std::string& class_name) {
    static constexpr const char* classes[] = {"SGD",     "RMSprop",  "Adam",   "AdamW",
                                              "Adagrad", "Adadelta", "Adamax", "Nadam"};
    const auto* found = std::find_if(std::begin(classes), std::end(classes),
                                     [&](const char* c) { return lower(c) == lower(class_name); });
    return found == std::end(classes) ? "" : *found;
}

/// What tf.keras 2.11 and later tell their own optimizers from those of before by.
constexpr const char* kIsOld = "is_legacy_optimizer";
constexpr const char* kScope = "Custom>";

/// Whether the optimizer of before tf.keras 2.11 adds epsilon to the root, and not under it.
bool has_epsilon_outside(const std::string& keras) {
    return keras == "RMSprop" || keras == "Adagrad";
}

void rename(Json& config, const char* from, const char* to) {
    if (!config.contains(from))
        return;
    config[to] = config.at(from);
    config.erase(from);
}

} // namespace

void drop_neutral_settings(Json& config) {
    const Json neutral = {{"use_ema", false},
                          {"loss_scale_factor", nullptr},
                          {"gradient_accumulation_steps", nullptr}};
    if (!config.value("use_ema", false))
        for (const char* key : {"ema_momentum", "ema_overwrite_frequency"})
            config.erase(key);
    config.erase("jit_compile"); // how TensorFlow runs it
    for (const auto& [key, value] : neutral.items())
        if (config.contains(key) && config.at(key) == value)
            config.erase(key);
}

Json optimizer_from_keras(const Json& optimizer, bool before_keras_3) {
    auto [class_name, config] = part_spec(optimizer);
    if (class_name.starts_with(kScope))
        class_name.erase(0, std::string(kScope).size());
    const std::string keras = keras_class(class_name);
    if (before_keras_3 && config.value(kIsOld, Json(true)) != false) {
        if (has_epsilon_outside(keras) && !config.contains("epsilon_outside"))
            config["epsilon_outside"] = true;
        if (keras == "Nadam" && !config.contains("schedule_decay"))
            rename(config, "decay", "schedule_decay");
    }
    config.erase(kIsOld);
    return {{"class_name", class_name}, {"config", config}};
}

namespace {

/// The optimizer of tf.keras 2.11 to 2.15. Keras 3 does not know it for one of its own, looks up
/// its `name`, and has the default settings.
Json new_of_tf_keras(const std::string& keras, Json settings) {
    settings["name"] = lower(keras);
    settings[kIsOld] = false;
    return {{"class_name", kScope + keras}, {"config", settings}};
}

/// Whether the optimizer of before tf.keras 2.11 has the rule of the later ones.
bool old_rule_is_the_same(const std::string& keras, const Json& settings) {
    return !settings.contains("weight_decay") &&
           (keras == "SGD" || keras == "Adam" || keras == "Adamax" || keras == "Adadelta");
}

/// A schedule that starts from the optimizer's learning rate, which to Keras is its own.
Json schedule_for_keras(Json schedule, const std::string& optimizer) {
    auto [name, config] = part_spec(schedule);
    Json stated = Json::object();
    if (schedule.contains("learning_rate"))
        stated["learning_rate"] = schedule.at("learning_rate");
    constexpr const char* kInitial = "initial_learning_rate";
    if (part_schema("schedule", name).contains(kInitial) &&
        config.value(kInitial, Json()).is_null())
        config[kInitial] = stated_learning_rate(optimizer, stated);
    schedule.erase("learning_rate");
    schedule["config"] = config;
    return schedule;
}

} // namespace

Json optimizer_for_keras(const Json& optimizer, bool for_keras_3) {
    auto [class_name, config] = part_spec(optimizer);
    drop_neutral_settings(config);
    if (config.value("decay", 0.0) == 0)
        config.erase("decay");
    Json settings = Json::object();
    if (!config.contains("learning_rate"))
        settings["learning_rate"] = stated_learning_rate(class_name, config);
    for (const auto& [key, value] : config.items())
        if (key == "learning_rate" && value.is_object())
            settings[key] = schedule_for_keras(value, class_name);
        else if (!value.is_null())
            settings[key] = value;
    const std::string keras = keras_class(class_name);
    if (keras.empty() || for_keras_3)
        return {{"class_name", keras.empty() ? class_name : keras}, {"config", settings}};
    const bool outside = settings.value("epsilon_outside", false);
    const double growth = settings.value("schedule_decay", 1.0);
    const bool decays = settings.contains("decay");
    settings.erase("epsilon_outside");
    settings.erase("schedule_decay");
    if (!decays && growth == 1 && !outside && !old_rule_is_the_same(keras, settings))
        return new_of_tf_keras(keras, settings);
    // What the old one does not have stays as a key that Lamina alone reads.
    if (has_epsilon_outside(keras) && !outside)
        settings["epsilon_outside"] = false;
    if (keras == "Nadam")
        settings[decays ? "schedule_decay" : "decay"] = growth;
    return {{"class_name", keras}, {"config", settings}};
}

std::vector<std::vector<std::string>> slot_rounds(const Json& optimizer) {
    const auto [class_name, config] = part_spec(optimizer);
    const std::string keras = keras_class(class_name);
    std::vector<std::vector<std::string>> rounds;
    if (keras == "Adam" || keras == "AdamW" || keras == "Nadam")
        rounds = {{"momentum", "velocity"}};
    else if (keras == "Adamax")
        rounds = {{"momentum", "norm"}};
    else if (keras == "RMSprop")
        rounds = {{"velocity"}};
    else if (keras == "Adagrad")
        rounds = {{"accumulator"}};
    else if (keras == "Adadelta")
        rounds = {{"accumulated_grad", "accumulated_delta_var"}};
    const auto has = [&settings = config](const char* key) { // what is nonsense, the schema refuses
        const Json value = settings.contains(key) ? settings.at(key) : Json();
        return value.is_boolean() ? value.get<bool>() : value.is_number() && value != 0;
    };
    if (has("amsgrad"))
        rounds.push_back({"velocity_hat"});
    if ((keras == "RMSprop" || keras == "SGD") && has("momentum"))
        rounds.push_back({"momentum"});
    if (has("centered"))
        rounds.push_back({"average_gradient"});
    return rounds;
}

} // namespace lamina
