#include "lamina/fetch.hpp"
#include "lamina/file.hpp"
#include "open_dataset.hpp"
#include "temp_folder.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <numeric>

using namespace lamina;
namespace fs = std::filesystem;

namespace {

const fs::path kShared = fs::path(LAMINA_TEST_SHARED_DIR) / "data/mnist";

std::string big_endian(std::uint32_t value) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8)
        text += static_cast<char>(value >> shift & 0xff);
    return text;
}

std::string images(std::uint32_t count, std::uint32_t height = 2, std::uint32_t width = 3) {
    std::string text =
        big_endian(0x803) + big_endian(count) + big_endian(height) + big_endian(width);
    for (std::uint32_t i = 0; i < count * height * width; ++i)
        text += static_cast<char>(i);
    return text;
}

std::string labels(const std::string& values) {
    return big_endian(0x801) + big_endian(static_cast<std::uint32_t>(values.size())) + values;
}

/// A folder with a whole small dataset, of which a test spoils one file.
struct Small : TempFolder {
    Small() {
        put(*this / "train-images-idx3-ubyte", images(4));
        put(*this / "train-labels-idx1-ubyte", labels(std::string("\1\0\2\11", 4)));
        put(*this / "t10k-images-idx3-ubyte", images(2));
        put(*this / "t10k-labels-idx1-ubyte", labels("\3\4"));
    }
    std::string error() const { return opening_error("mnist", path()); }
    std::string at(const std::string& name) const { return (*this / name).string() + ": "; }
};

} // namespace

TEST_CASE("mnist: plain idx files are read as they are") {
    const Small folder;
    OpenDataset mnist("mnist", folder.path());
    CHECK(mnist.info().n_train == 4);
    CHECK(mnist.info().n_test == 2);
    CHECK(mnist.info().n_classes == 10);
    CHECK(std::string(mnist.info().class_names[7]) == "7");
    CHECK(mnist.info().scale == 1.0 / 255);
    CHECK(mnist.info().source == folder.path());
    CHECK(mnist.dims() == Shape{2, 3, 1});
    CHECK(mnist.sample(LM_SPLIT_TRAIN, 1) == std::vector<std::uint8_t>{6, 7, 8, 9, 10, 11});
    CHECK(mnist.label(LM_SPLIT_TRAIN, 3) == 9);
    CHECK(mnist.label(LM_SPLIT_TEST, 1) == 4);
    CHECK_THROWS_WITH(mnist.sample(LM_SPLIT_TEST, 2), "sample 2 is beyond the 2 there are");
}

TEST_CASE("mnist: the bundled sample is the first digits of real MNIST") {
    OpenDataset mnist("mnist", "", R"({"sample": true})");
    CHECK(mnist.info().n_train == 6000);
    CHECK(mnist.info().n_test == 1000);
    CHECK(mnist.dims() == Shape{28, 28, 1});
    const std::vector<std::int64_t> first{5, 0, 4, 1, 9, 2, 1, 3, 1, 4};
    for (std::uint64_t i = 0; i < first.size(); ++i)
        CHECK(mnist.label(LM_SPLIT_TRAIN, i) == first[i]);
    const auto five = mnist.sample(LM_SPLIT_TRAIN, 0);
    CHECK(std::accumulate(five.begin(), five.end(), 0) == 27525);
    CHECK(opening_error("mnist", "/tmp", R"({"sample": true})") ==
          "mnist: sample=true and --data-dir exclude each other");
}

TEST_CASE("mnist: the real files give the official counts, and the sample's first digits",
          "[shared]") {
    OpenDataset mnist("mnist", kShared);
    OpenDataset sample("mnist", "", R"({"sample": true})");
    CHECK(mnist.info().n_train == 60000);
    CHECK(mnist.info().n_test == 10000);
    for (const int split : {LM_SPLIT_TRAIN, LM_SPLIT_TEST})
        for (std::uint64_t i = 0; i < 1000; ++i) {
            REQUIRE(mnist.sample(split, i) == sample.sample(split, i));
            REQUIRE(mnist.label(split, i) == sample.label(split, i));
        }
}

TEST_CASE("mnist: files under their dotted names are found") {
    const Small folder;
    fs::rename(folder / "train-images-idx3-ubyte", folder / "train-images.idx3-ubyte");
    CHECK(folder.error() == "no error");
}

TEST_CASE("mnist: a missing folder and a missing file are named") {
    CHECK(opening_error("mnist", "/no/such/folder")
              .starts_with("mnist: there is no folder /no/such/folder\n  hint: "));
    const Small folder;
    fs::remove(folder / "t10k-labels-idx1-ubyte");
    CHECK(folder.error().starts_with("mnist: " + folder.path().string() +
                                     " has no t10k-labels-idx1-ubyte, plain or .gz\n  hint: "));
}

TEST_CASE("mnist: a truncated file is refused with what was promised and what is there") {
    const Small folder;
    const std::string name = "train-images-idx3-ubyte";
    put(folder / name, images(4).substr(0, 30));
    CHECK(folder.error() ==
          folder.at(name) + "truncated: its header promises 4x2x3 = 24 bytes, there are 14");
    put(folder / name, images(4).substr(0, 7));
    CHECK(folder.error() ==
          folder.at(name) + "truncated: the header takes 16 bytes, the file has 7");
    put(folder / name, "");
    CHECK(folder.error() == folder.at(name) + "too short for an idx file: 0 bytes");
    put(folder / name, images(4) + "x");
    CHECK(folder.error() ==
          folder.at(name) + "too long: its header promises 4x2x3 = 24 bytes, there are 25");
    put(folder / name, big_endian(0x803) + std::string(12, '\xff'));
    CHECK(folder.error().find("damaged: its header promises") != std::string::npos);
}

TEST_CASE("mnist: a file of another kind is refused with its first bytes") {
    const Small folder;
    const std::string name = "train-images-idx3-ubyte";
    put(folder / name, "\x89PNG\r\n\x1a\n and so on");
    CHECK(
        folder.error() ==
        folder.at(name) +
            "not an idx file of images: expected it to begin with 00 00 08 03, found 89 50 4e 47");
    put(folder / name, labels("\1\2\3\4"));
    CHECK(folder.error().find("found 00 00 08 01") != std::string::npos);
}

TEST_CASE("mnist: gzip damage and truncation are told") {
    const Small folder;
    const std::string name = "t10k-labels-idx1-ubyte.gz";
    fs::remove(folder / "t10k-labels-idx1-ubyte");
    std::string gz(
        get(fs::path(LAMINA_TEST_PLUGIN_DIR) / "../../share/lamina/mnist_sample" / name));
    REQUIRE(gz.size() > 500);
    put(folder / name, gz.substr(0, 200));
    CHECK(folder.error().starts_with(folder.at(name) + "gzip data ends too early, after "));
    gz[gz.size() - 6] ^= 1;
    put(folder / name, gz);
    CHECK(folder.error().starts_with(folder.at(name) + "damaged gzip data (incorrect data check)"));
}

TEST_CASE("mnist: counts, sizes and labels that do not fit together are refused") {
    const Small folder;
    put(folder / "train-labels-idx1-ubyte", labels("\1\2\3"));
    CHECK(folder.error() == folder.at("train-labels-idx1-ubyte") + "3 labels for the 4 images of " +
                                (folder / "train-images-idx3-ubyte").string());
    put(folder / "train-labels-idx1-ubyte", labels("\1\2\12\3"));
    CHECK(folder.error() ==
          folder.at("train-labels-idx1-ubyte") + "label 2 is 10, expected 0 to 9");
    const Small other;
    put(other / "t10k-images-idx3-ubyte", images(2, 3, 3));
    CHECK(other.error() ==
          other.at("t10k-images-idx3-ubyte") + "images of 3x3, but the training images are 2x3");
}

TEST_CASE("mnist: without data it is downloaded from the mirror into the cache, or one error tells "
          "what to do") {
    // One case tests all of it, in order.
    const fs::path folder = test_cache() / "lamina/datasets/mnist";
    ::setenv("LAMINA_MNIST_MIRROR", "http://127.0.0.1:1/mnist", 1);
    const std::string offline = opening_error("mnist", "");
    CHECK(offline.starts_with("mnist: not in " + folder.string() +
                              ", and the download failed\n  cannot fetch "
                              "http://127.0.0.1:1/mnist/train-images-idx3-ubyte.gz: "));
    CHECK(offline.find("\n  hint: --data mnist:sample uses the bundled sample") !=
          std::string::npos);

    const fs::path sample = fs::path(LAMINA_TEST_PLUGIN_DIR) / "../../share/lamina/mnist_sample";
    const std::string wrong = "{\"mirror\": \"file://" + fs::canonical(sample).string() + "\"}";
    CHECK(opening_error("mnist", "", wrong).find("its content is not the expected one") !=
          std::string::npos);
    CHECK_FALSE(fs::exists(folder / "train-images-idx3-ubyte.gz"));

    fs::create_directories(folder);
    for (const char* name : {"train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz",
                             "t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"})
        fs::copy(sample / name, folder / name);
    OpenDataset cached("mnist", "");
    CHECK(cached.info().n_train == 6000);
    CHECK(cached.info().source == folder);
}

TEST_CASE("downloads of plugins are told to who shows them, who can stop them") {
    const TempFolder folder;
    put(folder / "source", std::string(3000, 'x'));
    const std::string url = "file://" + (folder / "source").string();
    const auto fetch_to = [&](const char* name) {
        lm_error error{sizeof(lm_error), LM_OK, {}};
        return host_table()->fetch(url.c_str(), "", (folder / name).c_str(), &error);
    };
    uint64_t most = 0;
    set_download_progress([&](const std::string& from, uint64_t done, uint64_t) {
        CHECK(from == url);
        most = std::max(most, done);
        return true;
    });
    CHECK(fetch_to("whole") == LM_OK);
    CHECK(most == 3000);
    set_download_progress([](const std::string&, uint64_t, uint64_t) { return false; });
    CHECK(fetch_to("stopped") == LM_CANCELLED);
    CHECK_FALSE(fs::exists(folder / "stopped"));
    CHECK_FALSE(fs::exists(folder / ".stopped.partial"));
    set_download_progress({});
    CHECK(fetch_to("unwatched") == LM_OK);
}

TEST_CASE("mnist: the real files pass the digests when downloaded", "[shared]") {
    const TempFolder target;
    const std::vector<std::pair<std::string, std::string>> files{
        {"train-images-idx3-ubyte.gz",
         "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
        {"train-labels-idx1-ubyte.gz",
         "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
        {"t10k-images-idx3-ubyte.gz",
         "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
        {"t10k-labels-idx1-ubyte.gz",
         "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"}};
    for (const auto& [name, digest] : files) {
        lm_error error{sizeof(lm_error), LM_OK, {}};
        const std::string url = "file://" + fs::canonical(kShared / name).string();
        CHECK(host_table()->fetch(url.c_str(), digest.c_str(), (target / name).c_str(), &error) ==
              LM_OK);
        INFO(error.message);
        CHECK(fs::exists(target / name));
    }
}

TEST_CASE("fashion_mnist: it reads the same files with its own class names") {
    const Small folder;
    OpenDataset fashion("fashion_mnist", folder.path());
    CHECK(std::string(fashion.info().class_names[9]) == "Ankle boot");
    CHECK(fashion.info().n_train == 4);
}
