/// .keras archives that are no model, damaged or hostile: one error that says what is wrong.
#include <nlohmann/json.hpp>
#include <zip.h>

#include "golden.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/model.hpp"
#include "temp_folder.hpp"
#include "zip_archive.hpp"

using namespace lamina;
using namespace lamina::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

const std::string kModel = std::string(LAMINA_TEST_DATA_DIR) + "/keras/keras-3.15.1/lenet_small/";

/// Why a file of these bytes is refused.
std::string refusal_of(const std::string& bytes, const char* name = "model.keras") {
    const TempFolder folder;
    put(folder / name, bytes);
    const std::string file = (folder / name).string();
    try {
        Model::load(file);
    } catch (const Error& e) {
        CHECK_THAT(e.what(), Catch::StartsWith(file + ": "));
        return e.what();
    }
    return "";
}

/// Why an archive of these entries is refused.
std::string refusal_of(const std::map<const char*, std::string>& entries) {
    const TempFolder folder;
    plugin::ZipWriter writer(folder / "made.zip");
    for (const auto& [name, text] : entries)
        writer.add_text(name, text);
    writer.finish();
    return refusal_of(get(folder / "made.zip"));
}

/// An archive with an entry of so many zeros, packed.
std::string packed_zeros(const char* entry, size_t count) {
    const TempFolder folder;
    const std::string path = (folder / "made.zip").string();
    zip* archive = zip_open(path.c_str(), ZIP_CREATE, nullptr);
    const std::string zeros(count, '\0');
    const std::string config = R"({"class_name": "Sequential", "config": {"layers": []}})";
    zip_file_add(archive, "config.json",
                 zip_source_buffer(archive, config.data(), config.size(), 0), 0);
    zip_file_add(archive, entry, zip_source_buffer(archive, zeros.data(), zeros.size(), 0),
                 ZIP_FL_OVERWRITE);
    REQUIRE(zip_close(archive) == 0);
    return get(path);
}

} // namespace

TEST_CASE("a .keras that was cut off anywhere is refused as damaged") {
    const std::string whole = get(kModel + "model.keras");
    for (const double part : {0.01, 0.3, 0.7, 0.999}) {
        const auto bytes = static_cast<size_t>(part * static_cast<double>(whole.size()));
        CHECK_THAT(refusal_of(whole.substr(0, bytes)),
                   Contains("the zip archive is damaged: its list of contents is missing"));
    }
}

TEST_CASE("a .keras with a changed weight is refused: the archive's sum tells") {
    std::string bytes = get(kModel + "model.keras");
    const size_t weights = bytes.find("\x89HDF");
    REQUIRE(weights != std::string::npos);
    bytes[weights + 20'000] ^= 1;
    CHECK_THAT(refusal_of(bytes), Contains("the zip archive is damaged: model.weights.h5: CRC"));
}

TEST_CASE("an archive that would fill a disk is refused before it is unpacked") {
    CHECK_THAT(refusal_of(packed_zeros("model.weights.h5", size_t{100} << 20)),
               Contains("104857600 bytes packed into ") &&
                   Contains("it is made to fill a disk, and not read"));
    CHECK_THAT(refusal_of(packed_zeros("config.json", size_t{65} << 20)),
               Contains("config.json in the zip archive has 68157440 bytes"));
}

TEST_CASE("a zip without a model says what is missing") {
    CHECK_THAT(refusal_of({{"readme.txt", "hello"}}),
               Contains("a zip archive, but no model of Keras: it has no config.json"));
    const std::string config = R"({"class_name": "Sequential", "config": {"layers": []}})";
    CHECK_THAT(refusal_of({{"config.json", config}}), Contains("without model.weights.h5"));
    CHECK_THAT(refusal_of({{"config.json", config}, {"model.weights.npz", ""}}),
               Contains("its weights are in model.weights.npz"));
    CHECK_THAT(refusal_of({{"config.json", "{"}}), Contains("config.json is no JSON"));
    CHECK_THAT(refusal_of({{"config.json", std::string(100'000, '[')}}),
               Contains("config.json is nested too deeply"));
    CHECK_THAT(refusal_of({{"config.json", config}, {"model.weights.h5", "no HDF5"}}),
               Contains("model.weights.h5 in the zip archive: "));
}

TEST_CASE("a subclassed model is refused because it is code") {
    const TempFolder folder;
    const plugin::ZipReader whole(kModel + "model.keras");
    whole.extract("model.weights.h5", folder / "weights.h5");
    CHECK_THAT(refusal_of({{"config.json", R"({"class_name": "MyModel", "config": {}})"},
                           {"model.weights.h5", get(folder / "weights.h5")}}),
               Contains("a model of class `MyModel` is code, not layers"));
}

TEST_CASE("the content tells the format, whatever a file is called") {
    const TempFolder folder;
    put(folder / "really_hdf5.keras", get(kModel + "model.h5"));
    put(folder / "really_zip.h5", get(kModel + "model.keras"));
    const std::string weights = Model::load(kModel + "model.h5").weights_sha256();
    CHECK(Model::load((folder / "really_hdf5.keras").string()).weights_sha256() == weights);
    CHECK(Model::load((folder / "really_zip.h5").string()).weights_sha256() == weights);
}

TEST_CASE("an optimizer and its schedule are written by Keras's names, with the rate that they "
          "start from") {
    const TempFolder folder;
    const std::string file = (folder / "made.keras").string();
    Model model({4});
    model.add("Dense", {{"units", 3}, {"activation", "softmax"}});
    model.compile(
        {.optimizer = "adam:learning_rate=0.02", .schedule = "cosine_decay:decay_steps=40"});
    model.save(file);
    const auto config = Json::parse(plugin::ZipReader(file).text("config.json", 1 << 20));
    const Json& optimizer = config.at("compile_config").at("optimizer");
    CHECK(optimizer.at("class_name") == "Adam");
    const Json& rate = optimizer.at("config").at("learning_rate");
    CHECK(rate == Json{{"class_name", "CosineDecay"},
                       {"config", {{"decay_steps", 40}, {"initial_learning_rate", 0.02}}},
                       {"module", "keras.optimizers.schedules"},
                       {"registered_name", nullptr}});
    model.compile({.optimizer = "adam", .schedule = "cosine_decay:decay_steps=40"});
    model.save((folder / "made.h5").string());
    CHECK_THAT(get(folder / "made.h5"), Contains("\"initial_learning_rate\":0.001"));
}

TEST_CASE("what a .keras needs for a moment is gone afterwards, also where it is refused") {
    const TempFolder folder;
    const char* before = std::getenv("TMPDIR");
    const std::string kept = before == nullptr ? "" : before;
    setenv("TMPDIR", folder.path().c_str(), 1);
    const std::string file = (folder / "made.keras").string();
    Model::load(kModel + "model.keras").save(file);
    plugin::ZipWriter writer(file);
    writer.add_text("config.json", "{}");
    writer.add_text("model.weights.h5", "no HDF5");
    writer.finish();
    CHECK_THROWS_WITH(Model::load(file), Contains("model.weights.h5 in the zip archive: "));
    if (before == nullptr)
        unsetenv("TMPDIR");
    else
        setenv("TMPDIR", kept.c_str(), 1);
    const auto left = std::distance(fs::directory_iterator(folder.path()), {});
    CHECK(left == 1); // made.keras itself
}
