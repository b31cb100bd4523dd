#include "recipe.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "lamina/text.hpp"

namespace lamina::cli {

namespace {

using Json = nlohmann::ordered_json;

/// The members of an object, each asked for once; what was not asked for is a mistake.
class Members {
  public:
    Members(const Json& object, std::string where) : object_(object), where_(std::move(where)) {
        if (!object.is_object())
            throw UsageError(fmt::format("{} must be an object", where_));
    }

    template <class T>
    void take(const char* key, T& target, bool required = false) {
        known_.emplace_back(key);
        if (!object_.contains(key)) {
            if (required)
                throw UsageError(fmt::format("{}: `{}` is missing", where_, key));
            return;
        }
        const Json& value = object_.at(key);
        if (!fits<T>(value))
            throw UsageError(
                fmt::format("{}: `{}` must be {}, got {}", where_, key, wanted<T>(), value.dump()));
        target = value.get<T>();
    }
    const Json* list(const char* key, bool required = false) {
        known_.emplace_back(key);
        if (!object_.contains(key)) {
            if (required)
                throw UsageError(fmt::format("{}: `{}` is missing", where_, key));
            return nullptr;
        }
        if (!object_.at(key).is_array())
            throw UsageError(fmt::format("{}: `{}` must be a list", where_, key));
        return &object_.at(key);
    }
    void refuse_others() const {
        for (const auto& [key, value] : object_.items())
            if (std::find(known_.begin(), known_.end(), key) == known_.end()) {
                const std::string guess = nearest(key, known_);
                throw UsageError(
                    fmt::format("{}: there is no `{}`{}; known: {}", where_, key,
                                guess.empty() ? "" : fmt::format(", did you mean `{}`?", guess),
                                join(known_, ", ")));
            }
    }

  private:
    template <class T>
    static bool fits(const Json& v) {
        if constexpr (std::is_same_v<T, std::string>)
            return v.is_string();
        else if constexpr (std::is_same_v<T, bool>)
            return v.is_boolean();
        else if constexpr (std::is_integral_v<T>)
            return v.is_number_unsigned() && v.get<uint64_t>() <= INT32_MAX;
        else if constexpr (std::is_floating_point_v<T>)
            return v.is_number();
        else
            return v.is_object();
    }
    template <class T>
    static const char* wanted() {
        if constexpr (std::is_same_v<T, std::string>)
            return "a text";
        else if constexpr (std::is_same_v<T, bool>)
            return "true or false";
        else if constexpr (std::is_integral_v<T>)
            return "a whole number of 0 to 2147483647";
        else if constexpr (std::is_floating_point_v<T>)
            return "a number";
        else
            return "an object";
    }

    const Json& object_;
    std::string where_;
    std::vector<std::string> known_;
};

RecipeLayer layer_of(const Json& json, const std::string& where) {
    RecipeLayer layer;
    Members members(json, where);
    members.take("class_name", layer.class_name, true);
    members.take("config", layer.config);
    members.refuse_others();
    return layer;
}

/// augment: of all stages that say nothing else.
Stage stage_of(const Json& json, const std::string& augment, const std::string& where) {
    Stage stage;
    stage.augment = augment;
    Members members(json, where);
    members.take("name", stage.name);
    members.take("trainable", stage.trainable, true);
    members.take("optimizer", stage.optimizer);
    members.take("schedule", stage.schedule);
    members.take("epochs", stage.epochs, true);
    members.take("cache_features", stage.cache_features);
    members.take("augment", stage.augment);
    members.refuse_others();
    if (stage.epochs < 1)
        throw UsageError(fmt::format("{}: `epochs` must be at least 1", where));
    if (stage.cache_features && stage.trainable != "added")
        throw UsageError(fmt::format("{}: `cache_features` is for a stage that trains the added "
                                     "layers alone (\"trainable\": \"added\")",
                                     where));
    if (stage.cache_features && !stage.augment.empty())
        throw UsageError(fmt::format(
            "{}: `cache_features` and `augment` exclude each other: features are computed once, of "
            "pictures as they are, and augmentation changes these in each epoch\n  hint: "
            "`\"augment\": \"\"` leaves it out of this stage",
            where));
    return stage;
}

} // namespace

Recipe Recipe::parse(const std::string& text, const std::string& source) {
    Json json;
    try {
        json = Json::parse(text);
    } catch (const Json::parse_error& e) {
        throw UsageError(fmt::format("{}: not JSON: {}", source, e.what()));
    }
    Recipe r;
    Members members(json, source);
    members.take("model", r.model, true);
    members.take("weights", r.weights);
    members.take("up_to", r.up_to);
    const Json* layers = members.list("layers");
    members.take("preprocessing", r.preprocessing);
    members.take("data", r.data, true);
    members.take("data_dir", r.data_dir);
    members.take("backend", r.backend);
    members.take("precision", r.precision);
    members.take("loss", r.loss);
    members.take("batch_size", r.batch_size);
    std::string augment;
    members.take("augment", augment);
    members.take("workers", r.workers);
    members.take("seed", r.seed);
    members.take("validation_split", r.validation_split);
    members.take("validate_on_test", r.validate_on_test);
    const Json* stages = members.list("stages", true);
    const Json* callbacks = members.list("callbacks");
    members.take("save", r.save);
    members.take("history", r.history);
    members.take("plot", r.plot);
    members.refuse_others();
    for (size_t i = 0; layers != nullptr && i < layers->size(); ++i)
        r.layers.push_back(layer_of((*layers)[i], fmt::format("{}: layers[{}]", source, i)));
    for (size_t i = 0; callbacks != nullptr && i < callbacks->size(); ++i) {
        if (!(*callbacks)[i].is_string())
            throw UsageError(fmt::format("{}: callbacks[{}] must be a text, got {}", source, i,
                                         (*callbacks)[i].dump()));
        r.callbacks.push_back((*callbacks)[i]);
    }
    for (size_t i = 0; i < stages->size(); ++i)
        r.stages.push_back(
            stage_of((*stages)[i], augment, fmt::format("{}: stages[{}]", source, i)));
    if (r.stages.empty())
        throw UsageError(fmt::format("{}: `stages` is empty: nothing would be trained", source));
    if (r.batch_size < 1)
        throw UsageError(fmt::format("{}: `batch_size` must be at least 1", source));
    if (r.workers < 1 || r.workers > 256)
        throw UsageError(fmt::format("{}: `workers` must be 1 to 256", source));
    if (!(r.validation_split >= 0 && r.validation_split < 1))
        throw UsageError(
            fmt::format("{}: `validation_split` must be at least 0 and below 1", source));
    if (r.validate_on_test && r.validation_split > 0)
        throw UsageError(fmt::format("{}: `validate_on_test` and `validation_split` exclude each "
                                     "other",
                                     source));
    return r;
}

} // namespace lamina::cli
