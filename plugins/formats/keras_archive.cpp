/// .keras of tf.keras 2.12 and later and of Keras 3: a zip of metadata.json, config.json and
/// model.weights.h5.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <utility>

#include <nlohmann/json.hpp>

#include "hdf5_exchange.hpp"
#include "keras_modules.hpp"
#include "lamina/plugin/format.hpp"
#include "zip_archive.hpp"

namespace lamina::plugin {

namespace {

using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

constexpr const char* kMetadata = "metadata.json";
constexpr const char* kConfig = "config.json";
/// Lamina's own: what pixels become before the model sees them, and its classes.
constexpr std::array kOwn = {"lamina_preprocessing", "lamina_class_names"};
constexpr const char* kWeights = "model.weights.h5";
constexpr uint64_t kMostText = uint64_t{64} << 20; // architectures take kilobytes
/// Layers in models in models; what writes JSON calls itself for each.
constexpr int kMostDepth = 200;

Json parsed(const std::string& entry, const std::string& text) {
    try {
        return Json::parse(text, [&](int depth, Json::parse_event_t, Json&) {
            if (depth > kMostDepth)
                invalid(entry + " is nested too deeply");
            return true;
        });
    } catch (const Json::exception& e) {
        invalid(entry + " is no JSON: " + e.what());
    }
}

Json taken(Json& object, const char* key) {
    Json value = object.value(key, Json());
    object.erase(key);
    return value;
}

/// compile_config as the attribute training_config of an .h5 has it.
Json training_config(const Json& compile) {
    return {{"optimizer_config", compile.value("optimizer", Json())},
            {"loss", compile.value("loss", Json())},
            {"metrics", compile.value("metrics", Json())},
            {"loss_weights", compile.value("loss_weights", Json())}};
}

void read_weights(const ZipReader& archive, Store& store) {
    if (!archive.has(kWeights)) {
        for (const char* other : {"model.weights.npz", "model.weights.json"})
            if (archive.has(other))
                unsupported(std::string("its weights are in ") + other +
                            ", not in model.weights.h5; load and save it with Keras's defaults");
        throw Error(LM_IO, "a zip archive with config.json, but without model.weights.h5");
    }
    const PrivateFolder folder;
    const fs::path weights = folder / kWeights;
    archive.extract(kWeights, weights);
    try {
        read_hdf5("read-archived", weights.string(), store);
    } catch (const Error& e) {
        throw Error(e.code(), std::string(kWeights) + " in the zip archive: " + e.what());
    }
}

void read_keras(const Config&, const std::string& path, Store& store) {
    const ZipReader archive(path);
    if (!archive.has(kConfig))
        invalid("a zip archive, but no model of Keras: it has no config.json");
    Json architecture = parsed(kConfig, archive.text(kConfig, kMostText));
    if (!architecture.is_object())
        invalid("config.json is no object");
    const Json compile = taken(architecture, "compile_config");
    architecture.erase("build_config");
    store.set_text("architecture", architecture.dump());
    if (compile.is_object() && !compile.empty())
        store.set_text("training_config", training_config(compile).dump());
    if (archive.has(kMetadata)) {
        const Json metadata = parsed(kMetadata, archive.text(kMetadata, kMostText));
        const auto take = [&](const char* key) {
            if (metadata.is_object() && metadata.contains(key) && metadata.at(key).is_string())
                store.set_text(key, metadata.at(key).get<std::string>());
        };
        take("keras_version");
        std::for_each(kOwn.begin(), kOwn.end(), take);
    }
    read_weights(archive, store);
}

/// What Lamina's optimizers have and Keras 3's do not, with the value that is Keras 3's rule.
void drop_own_settings(const std::string& optimizer, Json& config) {
    const std::pair<const char*, Json> own[] = {
        {"epsilon_outside", false}, {"schedule_decay", 1}, {"decay", 0}};
    for (const auto& [key, as_keras] : own)
        if (const Json value = taken(config, key); !value.is_null() && value != as_keras)
            host()->log(LM_LOG_WARNING, ("Keras 3's " + optimizer + " has no `" + key +
                                         "`; the .keras file leaves " + value.dump() + " out")
                                            .c_str());
}

Json compile_config(const std::string& training) {
    Json config = Json::parse(training);
    Json optimizer = taken(config, "optimizer_config");
    drop_own_settings(optimizer.at("class_name"), optimizer.at("config"));
    const auto name_class = [](Json& part, const char* module) {
        if (part.is_object())
            name_module(part, module);
    };
    name_class(optimizer, "keras.optimizers");
    name_class(optimizer.at("config")["learning_rate"], "keras.optimizers.schedules");
    name_class(config["loss"], "keras.losses");
    for (Json& metric : config["metrics"])
        name_class(metric, "keras.metrics");
    Json out = {{"optimizer", optimizer}};
    out.update(config);
    out.update({{"run_eagerly", false}, {"steps_per_execution", 1}, {"jit_compile", false}});
    return out;
}

std::string metadata(const Store& store) {
    const std::time_t now = std::time(nullptr);
    std::tm parts{};
    localtime_r(&now, &parts);
    std::array<char, 32> date{};
    std::strftime(date.data(), date.size(), "%Y-%m-%d@%H:%M:%S", &parts);
    Json json{{"keras_version", "3.0.0"}, {"date_saved", date.data()}};
    for (const char* key : kOwn)
        if (const auto text = store.text(key))
            json[key] = *text;
    return json.dump();
}

/// Into the file that is there: who has opened it goes on with it, which libzip's renaming forbids.
void copy_into(const fs::path& from, const std::string& to) {
    using File = std::unique_ptr<std::FILE, int (*)(std::FILE*)>;
    const File in(std::fopen(from.c_str(), "rb"), &std::fclose);
    const File out(in ? std::fopen(to.c_str(), "wb") : nullptr, &std::fclose);
    bool good = in && out;
    std::array<char, 1 << 16> block;
    while (good) {
        const size_t count = std::fread(block.data(), 1, block.size(), in.get());
        if (count == 0)
            break;
        good = std::fwrite(block.data(), 1, count, out.get()) == count;
    }
    if (!good || std::ferror(in.get()) != 0 || std::fflush(out.get()) != 0)
        throw Error(LM_IO, std::strerror(errno));
}

void write_keras(const Config&, const std::string& path, const Store& store) {
    const auto architecture = store.text("architecture");
    if (!architecture)
        invalid("there is no architecture to write");
    Json config = with_modules(*architecture);
    if (const auto training = store.text("training_config"))
        config["compile_config"] = compile_config(*training);

    const PrivateFolder folder;
    write_hdf5("archived", (folder / kWeights).string(), store);
    ZipWriter archive(folder / "model.zip");
    archive.add_text(kMetadata, metadata(store));
    archive.add_text(kConfig, config.dump());
    archive.add_file(kWeights, folder / kWeights);
    archive.finish();
    copy_into(folder / "model.zip", path);
}

int32_t probe_zip(const char*, const void* head, uint64_t bytes) {
    return bytes >= 4 && (std::memcmp(head, "PK\x03\x04", 4) == 0 ||
                          std::memcmp(head, "PK\x05\x06", 4) == 0)
               ? 1
               : 0;
}

} // namespace

LAMINA_FORMAT(keras_archive, "{}", "Keras 3's .keras: a zip of architecture and weights", ".keras",
              probe_zip, read_keras, write_keras)

} // namespace lamina::plugin
