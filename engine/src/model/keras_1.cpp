#include "model/keras_1.hpp"

#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "lamina/error.hpp"
#include "model/tracer.hpp"

namespace lamina {

namespace {

using Words = std::map<std::string, std::string>;

const Words kClasses = {{"Convolution1D", "Conv1D"},
                        {"Convolution2D", "Conv2D"},
                        {"Convolution3D", "Conv3D"},
                        {"AtrousConvolution1D", "Conv1D"},
                        {"AtrousConvolution2D", "Conv2D"},
                        {"Deconvolution2D", "Conv2DTranspose"},
                        {"SeparableConvolution2D", "SeparableConv2D"}};

/// Those whose configuration was another, but not their name. A class that Keras 1 did not have may
/// call a key as it likes.
const std::set<std::string> kSameClasses = {"Dense",
                                            "Dropout",
                                            "SpatialDropout1D",
                                            "SpatialDropout2D",
                                            "SpatialDropout3D",
                                            "GaussianNoise",
                                            "GaussianDropout",
                                            "MaxPooling1D",
                                            "MaxPooling2D",
                                            "MaxPooling3D",
                                            "AveragePooling1D",
                                            "AveragePooling2D",
                                            "AveragePooling3D",
                                            "GlobalMaxPooling2D",
                                            "GlobalAveragePooling2D",
                                            "GlobalMaxPooling3D",
                                            "GlobalAveragePooling3D",
                                            "UpSampling1D",
                                            "UpSampling2D",
                                            "UpSampling3D",
                                            "ZeroPadding1D",
                                            "ZeroPadding2D",
                                            "ZeroPadding3D",
                                            "Cropping1D",
                                            "Cropping2D",
                                            "Cropping3D",
                                            "BatchNormalization",
                                            "PReLU",
                                            "InputLayer",
                                            "Activation",
                                            "Flatten",
                                            "Reshape",
                                            "Permute",
                                            "RepeatVector",
                                            "LeakyReLU",
                                            "ELU"};

/// Those whose order of axes Keras 1 did not write.
const std::set<std::string> kWithoutOrder = {
    "ZeroPadding2D",    "ZeroPadding3D",    "Cropping2D",   "Cropping3D",
    "SpatialDropout2D", "SpatialDropout3D", "UpSampling2D", "UpSampling3D"};

const Words kKeys = {{"nb_filter", "filters"},
                     {"border_mode", "padding"},
                     {"subsample", "strides"},
                     {"subsample_length", "strides"},
                     {"filter_length", "kernel_size"},
                     {"atrous_rate", "dilation_rate"},
                     {"pool_length", "pool_size"},
                     {"dim_ordering", "data_format"},
                     {"bias", "use_bias"},
                     {"init", "kernel_initializer"},
                     {"gamma_init", "gamma_initializer"},
                     {"beta_init", "beta_initializer"},
                     {"W_regularizer", "kernel_regularizer"},
                     {"b_regularizer", "bias_regularizer"},
                     {"W_constraint", "kernel_constraint"},
                     {"b_constraint", "bias_constraint"},
                     {"p", "rate"},
                     {"sigma", "stddev"}};

/// What a word means depends on the class, by the class's name in Keras 2.
const std::map<std::string, Words> kKeysOf = {{"Dense", {{"output_dim", "units"}}},
                                              {"MaxPooling1D", {{"stride", "strides"}}},
                                              {"AveragePooling1D", {{"stride", "strides"}}},
                                              {"UpSampling1D", {{"length", "size"}}},
                                              {"PReLU", {{"init", "alpha_initializer"}}}};

/// Which class a Merge of a mode became.
const Words kMerges = {{"sum", "Add"},
                       {"mul", "Multiply"},
                       {"ave", "Average"},
                       {"max", "Maximum"},
                       {"concat", "Concatenate"}};

[[noreturn]] void refuse(const std::string& source, const std::string& layer,
                         const std::string& reason) {
    fail(StatusCode::InvalidArgument, fmt::format("{}: layer `{}`: {}", source, layer, reason));
}

/// The word's translation; itself where there is none.
const std::string& translated(const Words& words, const std::string& word) {
    const auto found = words.find(word);
    return found == words.end() ? word : found->second;
}

const std::string& translated_key(const std::string& class_name, const std::string& key) {
    if (const auto own = kKeysOf.find(class_name); own != kKeysOf.end())
        if (const auto found = own->second.find(key); found != own->second.end())
            return found->second;
    return translated(kKeys, key);
}

Json initializer(const Json& name) {
    static const std::map<std::string, Json> meanings = {
        {"uniform",
         {{"class_name", "RandomUniform"}, {"config", {{"minval", -0.05}, {"maxval", 0.05}}}}},
        {"normal", {{"class_name", "RandomNormal"}, {"config", {{"mean", 0.0}, {"stddev", 0.05}}}}},
        {"zero", "zeros"},
        {"one", "ones"}};
    const auto found = name.is_string() ? meanings.find(name.get<std::string>()) : meanings.end();
    return found == meanings.end() ? name : found->second;
}

/// {"name": "WeightRegularizer", "l1": 0, "l2": 0.01} as {"class_name": "L1L2", "config": {...}};
/// constraints alike, by their own name.
Json named_part(const Json& part) {
    if (!part.is_object() || !part.contains("name") || !part.at("name").is_string())
        return part;
    std::string name = part.at("name").get<std::string>();
    if (name == "identity")
        return nullptr;
    if (name == "L1L2Regularizer" || name == "WeightRegularizer" || name == "ActivityRegularizer")
        name = "L1L2";
    Json config = part;
    config.erase("name");
    return {{"class_name", name}, {"config", config}};
}

Json value_of(const std::string& key, const Json& value) {
    if (key == "data_format")
        return value == "th" ? Json("channels_first") : value == "tf" ? "channels_last" : value;
    if (key.ends_with("_initializer"))
        return initializer(value);
    if (key.ends_with("_regularizer") || key.ends_with("_constraint"))
        return named_part(value);
    return value;
}

Json taken(Json& config, const char* key) {
    Json value = config.value(key, Json());
    config.erase(key);
    return value;
}

/// nb_row and nb_col, or kernel_dim1 to kernel_dim3, are one kernel_size.
void join_kernel_size(Json& config) {
    for (const auto& names : {std::vector{"nb_row", "nb_col"},
                              std::vector{"kernel_dim1", "kernel_dim2", "kernel_dim3"}}) {
        if (!config.contains(names.front()))
            continue;
        Json size = Json::array();
        for (const char* name : names)
            size.push_back(taken(config, name));
        config["kernel_size"] = size;
    }
}

void check_batch_normalization(Json& config, const std::string& layer, const std::string& source) {
    if (const Json mode = taken(config, "mode"); !mode.is_null() && mode != 0)
        refuse(source, layer,
               fmt::format("BatchNormalization of Keras 1's mode {}, which neither Keras 2 nor "
                           "Lamina has; mode 0 can be read",
                           mode.dump()));
}

/// [top, bottom, left, right] as [[top, bottom], [left, right]].
void pair_up_padding(Json& config) {
    const Json padding = config.value("padding", Json());
    if (padding.is_array() && padding.size() == 4)
        config["padding"] = {{padding[0], padding[1]}, {padding[2], padding[3]}};
}

Json from_merge(const Json& config, const std::string& layer, const std::string& source) {
    const Json mode = config.value("mode", Json());
    const std::string name = mode.is_string() ? mode.get<std::string>() : mode.dump();
    if (const Json type = config.value("mode_type", Json()); type == "lambda" || type == "function")
        refuse(source, layer, "the mode of this Merge is Python code");
    const auto found = kMerges.find(name);
    if (found == kMerges.end())
        refuse(source, layer,
               fmt::format("Merge of mode `{}` cannot be read; sum, mul, ave, max and concat can",
                           name));
    Json own = {{"name", layer}};
    if (name == "concat")
        own["axis"] = config.value("concat_axis", Json(-1));
    if (config.contains("trainable"))
        own["trainable"] = config.at("trainable");
    return {{"class_name", found->second}, {"config", own}};
}

/// What Keras 1 lists beside what a layer does.
constexpr const char* kNeutralKeys[] = {"input_dtype", "input_dim", "input_length",
                                        "cache_enabled"};

constexpr const char* kDeconvolution = "Deconvolution2D";
constexpr const char* kOutputShape = "output_shape"; // of that; check_deconvolutions() heeds it

/// The output_shape that each Deconvolution2D states, by its name.
void collect_output_shapes(const Json& part, std::map<std::string, Json>& shapes) {
    if (part.is_object() && part.value("class_name", Json()) == kDeconvolution)
        if (const Json config = part.value("config", Json());
            config.is_object() && config.value("name", Json()).is_string())
            shapes[config.at("name")] = config.value(kOutputShape, Json());
    if (part.is_structured())
        for (const Json& inner : part)
            collect_output_shapes(inner, shapes);
}

} // namespace

void check_deconvolutions(const Json& model, const Architecture& architecture,
                          const std::string& source) {
    std::map<std::string, Json> stated;
    collect_output_shapes(model, stated);
    if (stated.empty())
        return;
    Graph graph;
    LayerTracer tracer(graph, LM_MODE_INFER);
    tracer.trace(architecture, 1);
    for (size_t i = 0; i < architecture.layers.size(); ++i) {
        const std::string& name = architecture.layers[i].name;
        if (!stated.contains(name) || !stated.at(name).is_array())
            continue;
        const Shape shape = graph.type(tracer.values()[i][0][0]).shape;
        Json here = stated.at(name); // of which the batch may be any
        for (size_t axis = 1; axis < std::min(here.size(), shape.rank()); ++axis)
            here[axis] = shape[axis];
        if (here != stated.at(name))
            refuse(source, name,
                   fmt::format("a Deconvolution2D of output_shape {}, where Conv2DTranspose gives "
                               "{}; only that can be read",
                               stated.at(name).dump(), here.dump()));
    }
}

Json with_class_names(Json model, const std::string& source) {
    if (!model.is_object() || model.contains("class_name") || !model.contains("name"))
        return model;
    if (model.at("name") != "Sequential" || !model.value("layers", Json()).is_array())
        fail(
            StatusCode::InvalidArgument,
            fmt::format("{}: a model {} of before Keras 1.0; of those, Sequential ones can be read",
                        source, model.at("name").dump()));
    Json layers = Json::array();
    for (const Json& layer : model.at("layers")) {
        if (!layer.is_object() || !layer.contains("name"))
            return model; // told as what it is not
        Json config = layer;
        const Json class_name = taken(config, "name");
        if (const Json name = taken(config, "custom_name"); !name.is_null())
            config["name"] = name;
        if (const Json shape = taken(config, "input_shape"); shape.is_array()) {
            Json batch = Json::array({nullptr});
            batch.insert(batch.end(), shape.begin(), shape.end());
            config["batch_input_shape"] = batch;
        }
        layers.push_back({{"class_name", class_name}, {"config", config}});
    }
    return {{"class_name", "Sequential"}, {"config", layers}};
}

std::string stated_order(const Json& model) {
    if (model.is_object() && model.contains("dim_ordering"))
        if (const Json order = value_of("data_format", model.at("dim_ordering")); order.is_string())
            return order.get<std::string>();
    if (model.is_structured())
        for (const Json& part : model)
            if (std::string order = stated_order(part); !order.empty())
                return order;
    return "";
}

Json from_keras_1(Json layer, const std::string& order, const std::string& source) {
    if (!layer.is_object() || !layer.contains("config") || !layer.at("config").is_object() ||
        !layer.contains("class_name") || !layer.at("class_name").is_string())
        return layer;
    Json config = layer.at("config");
    const Json own_name = config.contains("name") ? config.at("name") : layer.value("name", Json());
    const std::string name = own_name.is_string() ? own_name.get<std::string>() : "";
    const std::string old_class = layer.at("class_name").get<std::string>();
    if (old_class == "Merge") {
        layer.update(from_merge(config, name, source));
        return layer;
    }
    if (!kClasses.contains(old_class) && !kSameClasses.contains(old_class))
        return layer;
    const std::string& class_name = translated(kClasses, old_class);
    for (const char* key : kNeutralKeys)
        config.erase(key);
    if (old_class == kDeconvolution)
        config.erase(kOutputShape);
    if (class_name == "BatchNormalization")
        check_batch_normalization(config, name, source);
    join_kernel_size(config);
    Json out = Json::object();
    for (const auto& [key, value] : config.items()) {
        const std::string& word = translated_key(class_name, key);
        out[word] = value_of(word, value);
    }
    if (class_name == "ZeroPadding2D")
        pair_up_padding(out);
    if (kWithoutOrder.contains(class_name) && !order.empty() && !out.contains("data_format"))
        out["data_format"] = order;
    layer["class_name"] = class_name;
    layer["config"] = out;
    return layer;
}

} // namespace lamina
