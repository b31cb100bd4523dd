/// Every part that Keras has too takes Keras's arguments and has its defaults.
#include <fstream>
#include <set>

#include <catch2/catch.hpp>

#include "model/tracer.hpp"

using namespace lamina;

namespace {

Json keras_parts() {
    std::ifstream stream(std::string(LAMINA_TEST_DATA_DIR) + "/goldens/defaults.json");
    const std::string text((std::istreambuf_iterator<char>(stream)), {});
    return parse_json(text, "defaults.json").at("parts");
}

/// Low-rank adapters, which are for language models.
bool is_left_out(const std::string& argument) { return argument.starts_with("lora_"); }

/// What the engine takes for every part of a kind, before the part's own schema.
bool is_engines(const std::string& kind, const std::string& argument) {
    static const std::set<std::string> for_all = {"name", "dtype"};
    static const std::set<std::string> for_optimizers = {
        "clipnorm",          "clipvalue",
        "use_ema",           "global_clipnorm",
        "ema_momentum",      "ema_overwrite_frequency",
        "loss_scale_factor", "gradient_accumulation_steps"};
    return for_all.contains(argument) || (kind == "optimizer" && for_optimizers.contains(argument));
}

/// Keras leaves to its settings, or to the layer, what is stated here: null is channels_last, the
/// linear activation; a tuple of one number is that number.
bool same_default(const std::string& argument, const Json& keras, const Json& ours) {
    if (argument == "data_format")
        return keras.is_null() && ours == "channels_last";
    if (argument == "activation")
        return keras.is_null() && ours == "linear";
    if (keras.is_array() && !ours.is_array())
        return std::all_of(keras.begin(), keras.end(),
                           [&](const Json& k) { return same_default(argument, k, ours); });
    if (keras.is_string() && ours.is_string())
        return snake_case(keras) == snake_case(ours);
    return keras == ours;
}

} // namespace

TEST_CASE("every part takes Keras's arguments and has Keras's defaults") {
    int checked = 0;
    const Json keras_has = keras_parts();
    for (const auto& [kind, parts] : keras_has.items())
        for (const auto& [class_name, arguments] : parts.items()) {
            INFO(kind << ' ' << class_name);
            REQUIRE(has_part(kind, class_name));
            const Json schema = part_schema(kind, class_name);
            for (const auto& [argument, given] : arguments.items()) {
                if (is_engines(kind, argument) || is_left_out(argument))
                    continue;
                INFO(argument << ": Keras " << given.dump());
                CHECK(schema.contains(argument));
                if (!schema.contains(argument))
                    continue;
                const Json& ours = schema.at(argument);
                INFO("here " << ours.dump());
                if (given.contains("default")) {
                    CHECK_FALSE(ours.value("required", false));
                    CHECK(
                        same_default(argument, given.at("default"), ours.value("default", Json())));
                }
                ++checked;
            }
        }
    CHECK(checked > 400);
}
