#include "lamina/image.hpp"

#include "io/image_codecs.hpp"
#include "io/image_orientation.hpp"
#include "lamina/atomic_file.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/text.hpp"

#include <algorithm>
#include <array>

namespace lamina {
namespace {

namespace fs = std::filesystem;

bool begins_with(std::span<const std::uint8_t> bytes, std::span<const std::uint8_t> magic) {
    return bytes.size() >= magic.size() && std::equal(magic.begin(), magic.end(), bytes.begin());
}

/// RIFF, its size, WEBP.
bool is_webp(std::span<const std::uint8_t> bytes) {
    constexpr std::array<std::uint8_t, 4> kRiff{'R', 'I', 'F', 'F'}, kWebp{'W', 'E', 'B', 'P'};
    return begins_with(bytes, kRiff) && bytes.size() >= 12 && begins_with(bytes.subspan(8), kWebp);
}

void check_channels(int channels) {
    if (channels != 1 && channels != 3 && channels != 4)
        throw Error(StatusCode::InvalidArgument,
                    "an image has 1, 3 or 4 channels, not " + std::to_string(channels));
}

std::uint8_t luma(const std::uint8_t* rgb) {
    return static_cast<std::uint8_t>(
        (rgb[0] * 19595u + rgb[1] * 38470u + rgb[2] * 7471u + 0x8000u) >> 16);
}

} // namespace

Image convert(const Image& image, int channels) {
    check_channels(channels);
    if (channels == image.channels)
        return image;
    const std::size_t count =
        static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.height);
    const auto from_channels = static_cast<std::size_t>(image.channels);
    const auto to_channels = static_cast<std::size_t>(channels);
    Image result{image.width, image.height, channels, {}};
    result.pixels.resize(count * to_channels);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint8_t* from = &image.pixels[i * from_channels];
        std::uint8_t* to = &result.pixels[i * to_channels];
        if (channels == 1)
            to[0] = luma(from);
        else if (image.channels == 1)
            std::fill_n(to, 3, from[0]);
        else
            std::copy_n(from, 3, to);
        if (channels == 4)
            to[3] = 255;
    }
    return result;
}

Image decode_image(std::span<const std::uint8_t> bytes, const std::string& source, int channels) {
    constexpr std::array<std::uint8_t, 8> kPng{0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    constexpr std::array<std::uint8_t, 3> kJpeg{0xff, 0xd8, 0xff};
    if (channels != 0)
        check_channels(channels);
    Image image;
    if (begins_with(bytes, kPng))
        image = decode_png(bytes, source);
    else if (begins_with(bytes, kJpeg))
        image = upright(decode_jpeg(bytes, source), exif_orientation(bytes));
    else if (is_webp(bytes))
        image = upright(decode_webp(bytes, source), exif_orientation(bytes));
    else
        throw Error(StatusCode::Io, source + (bytes.empty() ? ": an empty file, not a picture"
                                                            : ": neither PNG, JPEG nor WebP"));
    return channels == 0 ? image : convert(image, channels);
}

Image load_image(const fs::path& path, int channels) {
    return decode_image(read_file(path), path.string(), channels);
}

std::vector<std::uint8_t> encode_image(const Image& image, ImageFormat format, int quality) {
    check_channels(image.channels);
    if (image.width < 1 || image.height < 1 ||
        image.pixels.size() != static_cast<std::size_t>(image.width) *
                                   static_cast<std::size_t>(image.height) *
                                   static_cast<std::size_t>(image.channels))
        throw Error(StatusCode::InvalidArgument,
                    "an image of " + std::to_string(image.width) + "x" +
                        std::to_string(image.height) + "x" + std::to_string(image.channels) +
                        " does not fit its " + std::to_string(image.pixels.size()) + " bytes");
    if (format == ImageFormat::Png)
        return encode_png(image);
    return encode_jpeg(image.channels == 4 ? convert(image, 3) : image, quality);
}

void save_image(const Image& image, const fs::path& path, int quality) {
    const std::string extension = lower(path.extension().string());
    ImageFormat format = ImageFormat::Png;
    if (extension == ".jpg" || extension == ".jpeg")
        format = ImageFormat::Jpeg;
    else if (extension != ".png")
        throw Error(StatusCode::InvalidArgument,
                    path.string() + ": pictures are written as .png, .jpg or .jpeg");
    const std::vector<std::uint8_t> encoded = encode_image(image, format, quality);
    write_file(path, std::as_bytes(std::span(encoded)));
}

} // namespace lamina
