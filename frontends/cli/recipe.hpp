/// A recipe: a model put together, and the stages in which it is trained.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace lamina::cli {

struct RecipeLayer {
    std::string class_name;
    nlohmann::ordered_json config = nlohmann::ordered_json::object();
};

struct Stage {
    std::string name;
    std::string trainable; // see Model::set_trainable; "added": the recipe's own layers
    std::string optimizer, schedule;
    int epochs = 1;
    bool cache_features = false; // of what is frozen; needs "added" or less
    std::string augment;         // see Augmenter::parse; "": none
};

struct Recipe {
    std::string model;               // a zoo name or a model file
    std::string weights;             // "": what the model has
    std::string up_to;               // the layer at which the model is cut; "": its last
    std::vector<RecipeLayer> layers; // added behind it
    std::string preprocessing;       // "": the model's own, else the data set's
    std::string data, data_dir;
    std::string backend = "openblas", loss, precision = "float32";
    int64_t batch_size = 32;
    int workers = 1; // threads that prepare and augment batches ahead of the step
    uint64_t seed = 1;
    double validation_split = 0;
    bool validate_on_test = false;
    std::vector<Stage> stages;
    std::vector<std::string> callbacks; // of every stage
    std::string save, history, plot;    // "": not written

    /// Paths are as they stand, from the folder in which the program runs. Throws UsageError that
    /// names the key: unknown (with the nearest), missing, or of the wrong type.
    static Recipe parse(const std::string& text, const std::string& source);
};

} // namespace lamina::cli
