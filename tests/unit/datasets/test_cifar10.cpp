#include "lamina/image.hpp"
#include "open_dataset.hpp"
#include "temp_folder.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

using namespace lamina;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> kBatches{"data_batch_1", "data_batch_2", "data_batch_3",
                                        "data_batch_4", "data_batch_5", "test_batch"};

/// The planes of a picture: byte p is start + p.
std::string planes(int start) {
    std::string text;
    for (int p = 0; p < 3072; ++p)
        text += static_cast<char>(start + p);
    return text;
}

/// The binary version of a batch of two: batch b has labels b and b + 1.
std::string records(int b) {
    return static_cast<char>(b) + planes(7 * b) + static_cast<char>(b + 1) + planes(7 * b + 3);
}

std::string little_endian(std::size_t value) {
    std::string text;
    for (int shift = 0; shift < 32; shift += 8)
        text += static_cast<char>(value >> shift & 0xff);
    return text;
}

std::string short_text(const std::string& text) {
    return "U" + std::string(1, static_cast<char>(text.size())) + text;
}

/// The same in the form of the official files: protocol 2, as Python 2 wrote it.
std::string pickled(int b) {
    const std::string data = planes(7 * b) + planes(7 * b + 3);
    std::string labels;
    for (const int label : {b, b + 1})
        labels += std::string("K") + static_cast<char>(label);
    return std::string("\x80\x02}q\x01(", 6) + short_text("batch_label") + "q\x02" +
           short_text("training batch") + "q\x03" + short_text("labels") + "q\x04]q\x05(" + labels +
           "e" + short_text("data") + "q\x06" + "cnumpy.core.multiarray\n_reconstruct\nq\x07" +
           "cnumpy\nndarray\nq\x08" + std::string("K\0\x85q\x09", 5) + short_text("b") +
           "q\x0a\x87q\x0bRq\x0c(K\x01K\x02M" + std::string("\x00\x0c", 2) + "\x86q\x0d" +
           "cnumpy\ndtype\nq\x0e" + short_text("u1") +
           std::string("q\x0fK\0K\x01\x87q\x10Rq\x11(K\x03", 15) + short_text("|") +
           "NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xff" +
           std::string("K\0tq\x12"
                       "b\x89T",
                       8) +
           little_endian(data.size()) + data +
           "q\x13tq\x14"
           "b" +
           short_text("filenames") + "q\x15]q\x16(" + short_text("a.png") + "q\x17" +
           short_text("b.png") +
           "q\x18"
           "eu.";
}

/// A folder of all six batches, of which a test spoils one.
struct Small : TempFolder {
    explicit Small(const std::string& extension = ".bin", std::string (*make)(int) = records)
        : extension_(extension) {
        for (std::size_t b = 0; b < kBatches.size(); ++b)
            put(file(b), make(static_cast<int>(b)));
    }
    fs::path file(std::size_t batch) const { return *this / (kBatches[batch] + extension_); }
    std::string error() const { return opening_error("cifar10", path()); }

  private:
    std::string extension_;
};

/// Reads two training batches and the test batch of Small.
void check_content(OpenDataset& data) {
    CHECK(data.info().n_train == 10);
    CHECK(data.info().n_test == 2);
    CHECK(data.info().n_classes == 10);
    CHECK(std::string(data.info().class_names[3]) == "cat");
    CHECK(data.info().scale == 1.0 / 255);
    CHECK(data.dims() == Shape{32, 32, 3});
    CHECK(data.label(LM_SPLIT_TRAIN, 0) == 0);
    CHECK(data.label(LM_SPLIT_TRAIN, 9) == 5);
    CHECK(data.label(LM_SPLIT_TEST, 1) == 6);
    const auto picture = data.sample(LM_SPLIT_TRAIN, 3); // the second one of batch 1
    for (const std::size_t p : {0u, 1u, 32u, 1023u})
        for (std::size_t c = 0; c < 3; ++c)
            CHECK(picture[3 * p + c] == static_cast<std::uint8_t>(10 + 1024 * c + p));
}

std::string tar_header(const std::string& name, std::size_t size) {
    std::string header(512, '\0');
    header.replace(0, name.size(), name);
    char octal[16];
    std::snprintf(octal, sizeof octal, "%011zo", size);
    header.replace(124, 11, octal);
    header.replace(148, 8, "        ");
    header[156] = '0';
    header.replace(257, 5, "ustar");
    unsigned sum = 0;
    for (const char c : header)
        sum += static_cast<unsigned char>(c);
    std::snprintf(octal, sizeof octal, "%06o", sum);
    header.replace(148, 7, std::string(octal) + '\0');
    return header;
}

std::string tar(const std::string& folder, const std::string& extension, std::string (*make)(int)) {
    std::string archive = tar_header(folder + "/readme.html", 3) + "abc" + std::string(509, '\0');
    for (std::size_t b = 0; b < kBatches.size(); ++b) {
        const std::string content = make(static_cast<int>(b));
        archive += tar_header(folder + "/" + kBatches[b] + extension, content.size()) + content;
        archive += std::string((512 - content.size() % 512) % 512, '\0');
    }
    return archive + std::string(1024, '\0');
}

} // namespace

TEST_CASE("cifar10: the binary version is read, its planes interleaved") {
    const Small folder;
    OpenDataset data("cifar10", folder.path());
    check_content(data);
    CHECK(data.info().source == folder.path());
}

TEST_CASE("cifar10: the Python version is read") {
    const Small folder("", pickled);
    OpenDataset data("cifar10", folder.path());
    check_content(data);
}

TEST_CASE("cifar10: the folders that the archives unpack to are found in the folder given") {
    const TempFolder binary, python;
    const Small records_files, pickles("", pickled);
    fs::copy(records_files.path(), binary / "cifar-10-batches-bin");
    fs::copy(pickles.path(), python / "cifar-10-batches-py");
    for (const auto* folder : {&binary, &python}) {
        OpenDataset data("cifar10", folder->path());
        check_content(data);
    }
}

TEST_CASE("cifar10: the archives are read without unpacking") {
    const TempFolder binary, python;
    put(binary / "cifar-10-binary.tar.gz", tar("cifar-10-batches-bin", ".bin", records));
    put(python / "cifar-10-python.tar.gz", tar("cifar-10-batches-py", "", pickled));
    for (const auto* folder : {&binary, &python}) {
        OpenDataset data("cifar10", folder->path());
        check_content(data);
    }
}

TEST_CASE("cifar10: pickles as NumPy 1 and 2 write them at protocols 3 to 5 are read") {
    int read = 0;
    for (const auto& entry : fs::directory_iterator(fs::path(LAMINA_TEST_DATA_DIR) / "cifar10")) {
        const std::string name = entry.path().stem().string();
        INFO(name);
        const int protocol = name.back() - '0';
        const TempFolder folder;
        for (const std::string& batch : kBatches)
            fs::copy(entry.path(), folder / batch);
        OpenDataset data("cifar10", folder.path());
        CHECK(data.info().n_train == 10);
        CHECK(data.label(LM_SPLIT_TRAIN, 1) == protocol + 1);
        const auto picture = data.sample(LM_SPLIT_TEST, 1);
        CHECK(picture[0] == 7 * protocol + 3);
        CHECK(picture[3 * 1023 + 2] == static_cast<std::uint8_t>(7 * protocol + 3 + 3071));
        ++read;
    }
    CHECK(read == 5);
}

TEST_CASE("cifar10: folders of PNGs are read, and only the ten classes are allowed") {
    const TempFolder folder;
    Image image{32, 32, 3, std::vector<std::uint8_t>(3072, 9)};
    for (const char* path : {"train/ship/1.png", "train/cat/1.png", "test/dog/1.png"}) {
        fs::create_directories((folder / path).parent_path());
        save_image(image, folder / path);
    }
    OpenDataset data("cifar10", folder.path());
    CHECK(data.info().n_train == 2);
    CHECK(data.info().n_classes == 10);
    CHECK(data.label(LM_SPLIT_TRAIN, 0) == 3);
    CHECK(data.label(LM_SPLIT_TRAIN, 1) == 8);
    CHECK(data.label(LM_SPLIT_TEST, 0) == 5);
    CHECK(data.sample(LM_SPLIT_TEST, 0)[100] == 9);
    fs::rename(folder / "train/cat", folder / "train/lion");
    CHECK(opening_error("cifar10", folder.path()).find("lion is not one of the classes airplane") !=
          std::string::npos);
    fs::rename(folder / "train/lion", folder / "train/cat");
    image = {31, 32, 3, std::vector<std::uint8_t>(2976, 9)};
    save_image(image, folder / "train/cat/1.png");
    CHECK(opening_error("cifar10", folder.path()).find(" are 31x32, expected 32x32") !=
          std::string::npos);
}

TEST_CASE("cifar10: a missing folder, an empty one and a missing batch are named") {
    CHECK(opening_error("cifar10", "/no/such/folder")
              .starts_with("cifar10: there is no folder /no/such/folder\n  hint: --data-dir is "));
    const TempFolder empty;
    CHECK(opening_error("cifar10", empty.path())
              .starts_with("cifar10: nothing of CIFAR-10 in " + empty.path().string() +
                           "\n  hint: "));
    const Small folder;
    fs::remove(folder.file(3));
    CHECK(folder.error().starts_with("cifar10: " + folder.path().string() +
                                     " has no data_batch_4.bin, plain or .gz\n  hint: "));
}

TEST_CASE("cifar10: damaged binary files are refused") {
    const Small folder;
    put(folder.file(2), records(2).substr(0, 6000));
    CHECK(folder.error() == folder.file(2).string() +
                                ": truncated, or not CIFAR-10's binary version: 3073 bytes a "
                                "picture, there are 6000 bytes");
    put(folder.file(2), "");
    CHECK(folder.error().find("there are 0 bytes") != std::string::npos);
    put(folder.file(2), records(9));
    CHECK(folder.error() == folder.file(2).string() + ": label 1 is 10, expected 0 to 9");
}

TEST_CASE("cifar10: a pickle that ends anywhere too early is refused") {
    const Small folder("", pickled);
    const std::string whole = pickled(2);
    for (std::size_t size = 0; size < whole.size(); size += size < 400 || size > 6300 ? 1 : 977) {
        put(folder.file(2), whole.substr(0, size));
        CHECK(folder.error().starts_with(folder.file(2).string() + ": "));
    }
}

TEST_CASE("cifar10: a pickle that would run code, or is no batch, is refused") {
    const Small folder("", pickled);
    const auto refused = [&](const std::string& content) {
        put(folder.file(0), content);
        const std::string error = folder.error();
        REQUIRE(error.starts_with(folder.file(0).string() + ": "));
        return error.substr(folder.file(0).string().size() + 2);
    };
    // os.system("touch x"), as pickle bombs have it: kept as a name, never called.
    CHECK(refused("\x80\x02"
                  "cos\nsystem\nU\x07touch x\x85R.") ==
          "not a batch of CIFAR-10: expected a dictionary with `labels` and `data`");
    std::string instead = pickled(0);
    instead.replace(instead.find("numpy.core.multiarray\n_reconstruct"), 34,
                    "posix.............spawn\nlp_process");
    CHECK(refused(instead) == "its `data` is not a NumPy array of bytes");
    CHECK(refused("cos\nsystem\n.") == "not a Python pickle of protocol 2 to 5");
    CHECK(refused("\x80\x02P0\n.") ==
          "opcode 50 at byte 2 is not one that a batch of CIFAR-10 needs");
    CHECK(refused("\x80\x02"
                  "e.") == "damaged: a mark is missing before byte 3");
    CHECK(refused("\x80\x02.") == "damaged: an opcode finds no value before byte 3");
    CHECK(refused("\x80\x02h\x05.") == "damaged: it refers to value 5, which was never stored");
    CHECK(refused("\x80\x02" + std::string(2'000'000, ']') + ".") ==
          "more than 1000000 values: not a batch of CIFAR-10");
    CHECK(refused("\x80\x02" + std::string(2'000'000, '(') + ".") ==
          "more than 1000000 values: not a batch of CIFAR-10");
    instead = pickled(0);
    instead.replace(instead.find("u1"), 2, "f4");
    CHECK(refused(instead) == "its `data` is not a NumPy array of bytes");
    instead = pickled(0);
    instead.replace(instead.find("K\x01K\x02M"), 4, "K\x01K\x03");
    CHECK(refused(instead) == "its `data` is not a NumPy array of bytes");
    instead = pickled(0);
    instead.replace(instead.find(std::string("K\0K\x01", 4)), 4, "K\x0bK\x01");
    CHECK(refused(instead) == "label 0 is 11, expected 0 to 9");
}

TEST_CASE("cifar10: damaged archives are refused") {
    const TempFolder folder;
    const fs::path path = folder / "cifar-10-binary.tar.gz";
    const std::string whole = tar("cifar-10-batches-bin", ".bin", records);
    const auto refused = [&](const std::string& content) {
        put(path, content);
        return opening_error("cifar10", folder.path());
    };
    CHECK(refused(whole.substr(0, 1200)) == path.string() +
                                                ": truncated: the archive ends after 1200 bytes, "
                                                "within its list of files\n  hint: get the file "
                                                "anew");
    CHECK(refused(whole.substr(0, 3000))
              .find(": truncated: cifar-10-batches-bin/data_batch_1.bin "
                    "has 6146 bytes, there are 1464") != std::string::npos);
    std::string damaged = whole;
    damaged[1030] ^= 1;
    CHECK(refused(damaged).find(": not a tar archive, or damaged at byte 1024") !=
          std::string::npos);
    CHECK(refused(tar("x", ".txt", records)).find(": has no data_batch_1.bin") !=
          std::string::npos);
}

TEST_CASE("cifar10: without data it is downloaded, or one error tells what to do") {
    ::setenv("LAMINA_CIFAR10_MIRROR", "http://127.0.0.1:1/cifar", 1);
    const fs::path folder = test_cache() / "lamina/datasets/cifar10";
    const std::string offline = opening_error("cifar10", "");
    CHECK(offline.starts_with("cifar10: not in " + folder.string() +
                              ", and the download failed\n  cannot fetch "
                              "http://127.0.0.1:1/cifar/cifar-10-binary.tar.gz: "));
    CHECK(offline.find("\n  hint: --data-dir is the folder of data_batch_1.bin") !=
          std::string::npos);
    ::unsetenv("LAMINA_CIFAR10_MIRROR");

    const TempFolder mirror;
    put(mirror / "cifar-10-binary.tar.gz", tar("x", ".bin", records));
    CHECK(opening_error("cifar10", "", R"({"mirror": "file://)" + mirror.path().string() + R"("})")
              .find("its content is not the expected one") != std::string::npos);
    CHECK_FALSE(fs::exists(folder / "cifar-10-binary.tar.gz"));
}

TEST_CASE("cifar10: the real files are read", "[shared]") {
    OpenDataset data("cifar10", fs::path(LAMINA_TEST_SHARED_DIR) / "data/cifar-10-batches-bin");
    CHECK(data.info().n_train == 50000);
    CHECK(data.info().n_test == 10000);
    std::vector<int> counts(10);
    for (std::uint64_t i = 0; i < 50000; ++i)
        ++counts[static_cast<std::size_t>(data.label(LM_SPLIT_TRAIN, i))];
    CHECK(counts == std::vector<int>(10, 5000));
    CHECK(data.label(LM_SPLIT_TRAIN, 0) == 6); // a frog
    CHECK(data.label(LM_SPLIT_TEST, 0) == 3);  // a cat
    const auto frog = data.sample(LM_SPLIT_TRAIN, 0);
    CHECK(std::vector<std::uint8_t>(frog.begin(), frog.begin() + 6) ==
          std::vector<std::uint8_t>{59, 62, 63, 43, 46, 45});
}

TEST_CASE("cifar10: some classes alone, counted anew in the order given") {
    const Small folder; // batch b has classes b and b + 1; the test batch 5 and 6
    OpenDataset some("cifar10", folder.path(), R"({"classes": "3-4+1"})");
    CHECK(some.info().n_train == 6);
    CHECK(some.info().n_test == 0);
    REQUIRE(some.info().n_classes == 3);
    CHECK(std::string(some.info().class_names[0]) == "cat");
    CHECK(std::string(some.info().class_names[2]) == "automobile");
    std::vector<std::int64_t> labels;
    OpenDataset all("cifar10", folder.path());
    for (std::uint64_t i = 0; i < 6; ++i)
        labels.push_back(some.label(LM_SPLIT_TRAIN, i));
    CHECK(labels == std::vector<std::int64_t>{2, 2, 0, 0, 1, 1});
    CHECK(some.sample(LM_SPLIT_TRAIN, 1) == all.sample(LM_SPLIT_TRAIN, 2));
    const OpenDataset named("cifar10", folder.path(), R"({"classes": "dog+frog"})");
    CHECK(named.info().n_test == 2);
}

TEST_CASE("cifar10: classes that are none are refused with those that there are") {
    const Small folder;
    const auto error = [&](const std::string& classes) {
        return opening_error("cifar10", folder.path(), R"({"classes": ")" + classes + "\"}");
    };
    for (const char* none : {"5-12", "10", "7-3", "", "cats", "1+", "-1"})
        CHECK_THAT(error(std::string("0+") + none),
                   Catch::Contains("is no class; there are 0 airplane"));
    CHECK_THAT(error("1-3+2"), Catch::Contains("class 2 is there twice"));
    CHECK_THAT(error("4-4"), Catch::Contains("at least two classes"));
}
