#include "lamina/image.hpp"
#include "open_dataset.hpp"
#include "temp_folder.hpp"

#include <catch2/catch.hpp>

using namespace lamina;
namespace fs = std::filesystem;

namespace {

/// A picture of one colour.
void paint(const fs::path& path, std::uint8_t value, int width = 4, int height = 3) {
    fs::create_directories(path.parent_path());
    Image image{width, height, 3, {}};
    image.pixels.assign(
        std::size_t{3} * static_cast<std::size_t>(width) * static_cast<std::size_t>(height), value);
    save_image(image, path);
}

} // namespace

TEST_CASE("image_folder: classes are numbered by name, pictures ordered by name") {
    const TempFolder folder;
    paint(folder / "dog/b.png", 20);
    paint(folder / "dog/a.PNG", 10);
    paint(folder / "cat/z.png", 30);
    put(folder / "cat/notes.txt", "not a picture");
    put(folder / "readme.txt", "not a class");
    paint(folder / ".hidden/x.png", 99);
    OpenDataset dataset("image_folder", folder.path());
    CHECK(dataset.info().n_train == 3);
    CHECK(dataset.info().n_test == 0);
    CHECK(dataset.info().n_classes == 2);
    CHECK(std::string(dataset.info().class_names[0]) == "cat");
    CHECK(dataset.dims() == Shape{3, 4, 3});
    CHECK(dataset.label(LM_SPLIT_TRAIN, 0) == 0);
    CHECK(dataset.label(LM_SPLIT_TRAIN, 1) == 1);
    CHECK(dataset.sample(LM_SPLIT_TRAIN, 0)[0] == 30);
    CHECK(dataset.sample(LM_SPLIT_TRAIN, 1) == std::vector<std::uint8_t>(36, 10));
    CHECK(dataset.sample(LM_SPLIT_TRAIN, 2)[35] == 20);
}

TEST_CASE("image_folder: train and validation folders become the two splits") {
    const TempFolder folder;
    paint(folder / "train/a/1.png", 1);
    paint(folder / "train/b/1.jpg", 2);
    paint(folder / "validation/b/1.png", 3);
    OpenDataset dataset("image_folder", folder.path());
    CHECK(dataset.info().n_train == 2);
    CHECK(dataset.info().n_test == 1);
    CHECK(dataset.label(LM_SPLIT_TEST, 0) == 1);
    paint(folder / "validation/c/1.png", 3);
    CHECK(opening_error("image_folder", folder.path()) ==
          "image_folder: " + (folder / "validation/c").string() +
              " is a class without training pictures");
}

TEST_CASE("image_folder: pictures are scaled and converted when asked") {
    const TempFolder folder;
    paint(folder / "a/1.png", 50, 9, 5);
    paint(folder / "a/2.png", 60, 2, 2);
    OpenDataset dataset("image_folder", folder.path(),
                        R"({"height": 6, "width": 8, "channels": 1, "resampling": "nearest"})");
    CHECK(dataset.dims() == Shape{6, 8, 1});
    CHECK(dataset.sample(LM_SPLIT_TRAIN, 0) == std::vector<std::uint8_t>(48, 50));
    CHECK(dataset.sample(LM_SPLIT_TRAIN, 1) == std::vector<std::uint8_t>(48, 60));
}

TEST_CASE("image_folder: a picture of another size is refused with the way out") {
    const TempFolder folder;
    paint(folder / "a/1.png", 1);
    paint(folder / "a/2.png", 2, 5, 5);
    OpenDataset dataset("image_folder", folder.path());
    CHECK_THROWS_WITH(dataset.sample(LM_SPLIT_TRAIN, 1),
                      (folder / "a/2.png").string() +
                          ": 5x5 pixels, but the first training picture has 4x3\n  hint: --data "
                          "image_folder:height=3,width=4 scales them all to one size");
}

TEST_CASE("image_folder: a damaged picture is refused by its path") {
    const TempFolder folder;
    paint(folder / "a/1.png", 1);
    put(folder / "a/2.png", "not a picture");
    OpenDataset dataset("image_folder", folder.path());
    CHECK_THROWS_WITH(dataset.sample(LM_SPLIT_TRAIN, 1),
                      Catch::StartsWith((folder / "a/2.png").string() + ": ") &&
                          Catch::EndsWith("neither PNG, JPEG nor WebP"));
}

TEST_CASE("image_folder: no folder, no pictures and half a size are refused") {
    const TempFolder folder;
    CHECK(opening_error("image_folder", "").starts_with("image_folder: --data-dir is missing"));
    CHECK(opening_error("image_folder", "/no/such") == "image_folder: there is no folder /no/such");
    CHECK(opening_error("image_folder", folder.path())
              .starts_with("image_folder: no pictures in " + folder.path().string()));
    paint(folder / "a/1.png", 1);
    CHECK(opening_error("image_folder", folder.path(), R"({"height": 5})") ==
          "image_folder: height and width go together");
    CHECK(opening_error("image_folder", folder.path(), R"({"channels": 2})").find("channels") !=
          std::string::npos);
}

TEST_CASE("image_folder: real photos are read at one size", "[shared]") {
    OpenDataset dataset("image_folder", fs::path(LAMINA_TEST_SHARED_DIR) / "data/dogs-or-not",
                        R"({"height": 64, "width": 64})");
    CHECK(dataset.info().n_classes == 2);
    CHECK(dataset.info().n_train + dataset.info().n_test == 236);
    for (std::uint64_t i = 0; i < dataset.info().n_train; ++i)
        REQUIRE(dataset.sample(LM_SPLIT_TRAIN, i).size() == 64 * 64 * 3);
}
