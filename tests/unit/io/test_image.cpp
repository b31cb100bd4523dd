#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/image.hpp"
#include "lamina/sha256.hpp"
#include "temp_folder.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <zlib.h>

using namespace lamina;

namespace {

const std::filesystem::path kFolder = std::filesystem::path(LAMINA_TEST_DATA_DIR) / "images";

/// The picture that tests/data/images/make.py makes.
Image picture(int channels, int width = 13, int height = 9) {
    Image image{width, height, channels, {}};
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < channels; ++c)
                image.pixels.push_back(
                    static_cast<std::uint8_t>(x * 37 + y * 59 + c * 101 + x * y * 13));
    return image;
}

std::string digest(const Image& image) {
    return sha256(std::as_bytes(std::span(image.pixels))).substr(0, 16);
}

std::string error_of(const Bytes& bytes) {
    try {
        decode_image(bytes, "photo");
        return "no error";
    } catch (const Error& error) {
        CHECK(error.code() == StatusCode::Io);
        return error.what();
    }
}

Bytes cut(const Bytes& bytes, std::size_t size) {
    return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)};
}

} // namespace

TEST_CASE("image: PNG files of every kind are decoded") {
    CHECK(load_image(kFolder / "grey.png") == picture(1));
    CHECK(load_image(kFolder / "rgb.png") == picture(3));
    CHECK(load_image(kFolder / "rgba.png") == picture(4));
    CHECK(load_image(kFolder / "grey16.png") == picture(1));
    CHECK(load_image(kFolder / "rgb16.png") == picture(3));
    CHECK(load_image(kFolder / "interlaced.png") == picture(3));
    const Image bits = load_image(kFolder / "one_bit.png");
    CHECK(bits.channels == 1);
    for (int i = 0; i < 13 * 9; ++i)
        REQUIRE(bits.pixels[static_cast<std::size_t>(i)] == ((i % 13 + i / 13) % 2 == 0 ? 0 : 255));
}

TEST_CASE("image: palettes and grey with transparency become RGB and RGBA") {
    const Image index = picture(1);
    const Image palette = load_image(kFolder / "palette.png");
    const Image alpha = load_image(kFolder / "palette_alpha.png");
    const Image grey_alpha = load_image(kFolder / "grey_alpha.png");
    const Image two = picture(2);
    REQUIRE(palette.channels == 3);
    REQUIRE(alpha.channels == 4);
    REQUIRE(grey_alpha.channels == 4);
    for (std::size_t i = 0; i < index.pixels.size(); ++i) {
        const int entry = index.pixels[i];
        for (std::size_t c = 0; c < 3; ++c) {
            const auto expected =
                static_cast<std::uint8_t>(entry * 37 + 59 + static_cast<int>(c) * 101 + entry * 13);
            REQUIRE(palette.pixels[i * 3 + c] == expected);
            REQUIRE(alpha.pixels[i * 4 + c] == expected);
            REQUIRE(grey_alpha.pixels[i * 4 + c] == two.pixels[i * 2]);
        }
        REQUIRE(alpha.pixels[i * 4 + 3] == entry);
        REQUIRE(grey_alpha.pixels[i * 4 + 3] == two.pixels[i * 2 + 1]);
    }
}

TEST_CASE("image: JPEG files give the bits that Pillow gives") {
    CHECK(digest(load_image(kFolder / "rgb.jpg")) == "fa5ce9301cccbc90");
    CHECK(digest(load_image(kFolder / "progressive.jpg")) == "fa5ce9301cccbc90");
    const Image grey = load_image(kFolder / "grey.jpg");
    CHECK(grey.channels == 1);
    CHECK(digest(grey) == "ae3632331d71e08e");
}

TEST_CASE("image: a CMYK JPEG becomes RGB") {
    const Image image = load_image(kFolder / "cmyk.jpg");
    REQUIRE(image.channels == 3);
    REQUIRE(image.width == 32);
    for (int y = 0; y < 24; ++y)
        for (int x = 0; x < 32; ++x) {
            const std::uint8_t* rgb = &image.pixels[static_cast<std::size_t>(y * 32 + x) * 3];
            REQUIRE(std::abs(rgb[0] - x * 8) <= 4);
            REQUIRE(std::abs(rgb[1] - y * 10) <= 4);
            REQUIRE(std::abs(rgb[2] - 128) <= 4);
        }
}

TEST_CASE("image: WebP files give the bits that Pillow gives, with transparency or without") {
    CHECK(load_image(kFolder / "rgb.webp") == picture(3));
    CHECK(load_image(kFolder / "rgba.webp") == picture(4));
    CHECK(digest(load_image(kFolder / "lossy.webp")) == "d1bc609aeb5e5592");
    CHECK(error_of(read_file(kFolder / "animated.webp")) ==
          "photo: an animated WebP, not one picture; save one frame of it");
}

TEST_CASE("image: a photo stands upright, as Pillow's exif_transpose gives it") {
    const char* digests[] = {"fa5ce9301cccbc90", "8e0105522dbd49ee", "8e58e6b1597ff744",
                             "c14ef0945a5b3eac", "498be0bef17ceb4d", "74d847acf0731dff",
                             "a02650e5587486c5", "176ea525c06a839a"};
    for (int orientation = 1; orientation <= 8; ++orientation) {
        INFO("orientation " << orientation);
        const std::string name = "orientation" + std::to_string(orientation) + ".jpg";
        const Image image = load_image(kFolder / name);
        CHECK(image.width == (orientation >= 5 ? 24 : 32));
        CHECK(digest(image) == digests[orientation - 1]);
    }
    CHECK(digest(load_image(kFolder / "orientation6.webp")) == "56a7be1a5ad331b6");
}

TEST_CASE("image: damaged EXIF data never keeps a photo from being read") {
    const Bytes whole = read_file(kFolder / "orientation6.jpg");
    for (std::size_t at = 0; at < 26; ++at) // the EXIF data behind "Exif\0\0"
        for (const int bit : {1, 4, 0x80}) {
            Bytes damaged = whole;
            const char* exif = "Exif";
            const auto start =
                std::search(damaged.begin(), damaged.end(), exif, exif + 4) - damaged.begin();
            std::uint8_t& byte = damaged[static_cast<std::size_t>(start) + 6 + at];
            byte = static_cast<std::uint8_t>(byte ^ bit);
            REQUIRE(error_of(damaged) == "no error");
        }
}

TEST_CASE("image: the format is told by content, not by name") {
    const TempFolder folder;
    std::filesystem::copy(kFolder / "rgb.png", folder / "photo.jpg");
    CHECK(load_image(folder / "photo.jpg") == picture(3));
}

TEST_CASE("image: what is no picture is refused") {
    CHECK(error_of({}) == "photo: an empty file, not a picture");
    CHECK(error_of({'G', 'I', 'F', '8', '9', 'a'}) == "photo: neither PNG, JPEG nor WebP");
    CHECK_THROWS_WITH(load_image("/no/such.png"),
                      "/no/such.png: cannot read: No such file or directory");
}

TEST_CASE("image: files that end too early are refused at every length") {
    for (const char* name : {"rgb.png", "interlaced.png", "palette_alpha.png"}) {
        const Bytes whole = read_file(kFolder / name);
        for (std::size_t size = 8; size + 12 < whole.size(); ++size) // 12: the chunk that says end
            REQUIRE(error_of(cut(whole, size)).starts_with("photo: damaged PNG: "));
    }
    for (const char* name : {"rgb.webp", "lossy.webp", "rgba.webp"}) {
        const Bytes whole = read_file(kFolder / name);
        for (std::size_t size = 12; size < whole.size(); ++size)
            REQUIRE(error_of(cut(whole, size)).starts_with("photo: damaged WebP: "));
    }
    for (const char* name : {"rgb.jpg", "progressive.jpg", "cmyk.jpg"}) {
        const Bytes whole = read_file(kFolder / name);
        for (std::size_t size = 3; size + 2 < whole.size(); ++size) // 2: the marker that says end
            REQUIRE(error_of(cut(whole, size)).starts_with("photo: damaged JPEG: "));
    }
}

TEST_CASE("image: damaged PNG data is found by its checksums") {
    const Bytes whole = read_file(kFolder / "rgb.png");
    for (std::size_t at = 8; at + 12 < whole.size(); ++at) {
        Bytes damaged = whole;
        damaged[at] ^= 0x10;
        REQUIRE(error_of(damaged).starts_with("photo: damaged PNG: "));
    }
}

TEST_CASE("image: damaged JPEG data never gets beyond an error or a picture") {
    const Bytes whole = read_file(kFolder / "rgb.jpg");
    for (std::size_t at = 3; at < whole.size(); ++at)
        for (const int bit : {1, 0x80}) {
            Bytes damaged = whole;
            damaged[at] = static_cast<std::uint8_t>(damaged[at] ^ bit);
            const std::string message = error_of(damaged);
            REQUIRE((message == "no error" || message.starts_with("photo: ")));
        }
}

TEST_CASE("image: a header that claims a gigantic picture is refused") {
    Bytes png = read_file(kFolder / "rgb.png");
    std::fill_n(png.begin() + 17, 2, 0xff); // 16 megapixels wide
    std::fill_n(png.begin() + 21, 2, 0xff); // and high
    const std::uint32_t sum = static_cast<std::uint32_t>(crc32(0, png.data() + 12, 17));
    for (std::size_t i = 0; i < 4; ++i)
        png[29 + i] = static_cast<std::uint8_t>(sum >> (24 - 8 * i));
    CHECK(error_of(png) == "photo: a picture of 16776973x16776969 pixels is not read");
    Bytes jpeg = read_file(kFolder / "rgb.jpg");
    for (std::size_t i = 0; i + 1 < jpeg.size(); ++i)
        if (jpeg[i] == 0xff && jpeg[i + 1] == 0xc0)
            std::fill_n(jpeg.begin() + static_cast<std::ptrdiff_t>(i) + 5, 4, 0xff);
    CHECK(error_of(jpeg) ==
          "photo: damaged JPEG: Maximum supported image dimension is 65500 pixels");
}

TEST_CASE("image: conversions follow ITU-R 601 and keep or add alpha") {
    CHECK(digest(convert(picture(3), 1)) == "48c00d14f11524ff");
    const Image grey{2, 1, 1, {7, 200}};
    CHECK(convert(grey, 3).pixels == Bytes{7, 7, 7, 200, 200, 200});
    CHECK(convert(grey, 4).pixels == Bytes{7, 7, 7, 255, 200, 200, 200, 255});
    CHECK(convert(picture(4), 4) == picture(4));
    CHECK(convert(Image{1, 1, 4, {1, 2, 3, 4}}, 3).pixels == Bytes{1, 2, 3});
    CHECK(decode_image(read_file(kFolder / "rgb.png"), "x", 1) == convert(picture(3), 1));
    CHECK_THROWS_WITH(convert(grey, 2), "an image has 1, 3 or 4 channels, not 2");
}

TEST_CASE("image: resizing gives the bits that Pillow gives") {
    struct Row {
        int channels, width, height;
        const char* nearest;
        const char* bilinear;
    };
    for (const Row& row : {Row{3, 5, 4, "f790108c1b943a9e", "04600582288b197b"},
                           Row{3, 29, 31, "6fe495e489ff9275", "885a33ffd150dd7d"},
                           Row{3, 13, 3, "df7cfc3a972c4fe2", "48912b850ccd7877"},
                           Row{3, 40, 9, "d5f351246d1fcf15", "ee106ca88c2c0af9"},
                           Row{3, 1, 1, "b8ea86bd4822cb3e", "ee382c2f004b699e"},
                           Row{1, 5, 4, "92cf6bb542b56c8c", "2380a2bc9b5e4eab"},
                           Row{1, 29, 31, "9400a8f6602b9eb0", "15dee4a2fdba8955"},
                           Row{1, 13, 3, "f7d3721f2ded1c0a", "cab08a60a91aff11"},
                           Row{1, 40, 9, "fdcd5921373d2f03", "e7d5b29802c983fa"},
                           Row{1, 1, 1, "dbc1b4c900ffe48d", "620bfdaa346b088f"}}) {
        INFO(row.channels << " channels to " << row.width << "x" << row.height);
        const Image image = picture(row.channels);
        CHECK(digest(resize(image, row.width, row.height, Resampling::Nearest)) == row.nearest);
        CHECK(digest(resize(image, row.width, row.height, Resampling::Bilinear)) == row.bilinear);
    }
    CHECK(resize(picture(3), 13, 9, Resampling::Bilinear) == picture(3));
    CHECK_THROWS_WITH(resize(picture(3), 0, 5, Resampling::Nearest),
                      "cannot resize a picture to 0x5");
}

TEST_CASE("image: PNG files come back as they were saved") {
    const TempFolder folder;
    for (const int channels : {1, 3, 4})
        for (const int width : {1, 2, 17}) {
            const Image image = picture(channels, width, 5);
            save_image(image, folder / "a.PNG");
            CHECK(load_image(folder / "a.PNG") == image);
        }
}

TEST_CASE("image: JPEG files come back close, without alpha") {
    const TempFolder folder;
    Image image{16, 16, 4, {}};
    for (int i = 0; i < 256; ++i)
        image.pixels.insert(image.pixels.end(), {100, 150, static_cast<std::uint8_t>(i / 2), 9});
    save_image(image, folder / "a.jpeg", 95);
    const Image back = load_image(folder / "a.jpeg");
    REQUIRE(back.channels == 3);
    for (std::size_t i = 0; i < 256; ++i)
        for (std::size_t c = 0; c < 3; ++c)
            REQUIRE(std::abs(back.pixels[i * 3 + c] - image.pixels[i * 4 + c]) <= 8);
}

TEST_CASE("image: other extensions, and images that do not fit their bytes, are not written") {
    const TempFolder folder;
    CHECK_THROWS_WITH(save_image(picture(3), "a.gif"),
                      "a.gif: pictures are written as .png, .jpg or .jpeg");
    CHECK_THROWS_AS(save_image(Image{2, 2, 3, {1, 2, 3}}, folder / "a.png"), Error);
    CHECK_THROWS_AS(save_image(Image{}, folder / "a.png"), Error);
    CHECK(std::filesystem::is_empty(folder.path()));
}
