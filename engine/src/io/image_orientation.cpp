#include "io/image_orientation.hpp"

#include <algorithm>
#include <string_view>

namespace lamina {
namespace {

using Bytes = std::span<const std::uint8_t>;

/// Numbers in a piece of a file; 0 beyond its end.
class Numbers {
  public:
    Numbers(Bytes bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}
    std::uint32_t of(std::size_t at, std::size_t count) const {
        if (at > bytes_.size() || bytes_.size() - at < count)
            return 0;
        std::uint32_t number = 0;
        for (std::size_t i = 0; i < count; ++i)
            number = number << 8 | bytes_[at + (big_endian_ ? i : count - 1 - i)];
        return number;
    }

  private:
    Bytes bytes_;
    bool big_endian_;
};

bool begins_with(Bytes bytes, std::string_view text) {
    return bytes.size() >= text.size() &&
           std::equal(text.begin(), text.end(), bytes.begin(),
                      [](char a, std::uint8_t b) { return static_cast<std::uint8_t>(a) == b; });
}

constexpr std::string_view kExif("Exif\0\0", 6);

/// Of a JPEG: the segment APP1 that begins with Exif; of a WebP: the chunk EXIF. Empty for none.
Bytes exif_of(Bytes file) {
    if (begins_with(file, "RIFF")) {
        const Numbers numbers(file, false);
        for (std::size_t at = 12; at + 8 <= file.size();) {
            const std::size_t size = numbers.of(at + 4, 4);
            const Bytes chunk = file.subspan(at + 8, std::min(size, file.size() - at - 8));
            if (begins_with(file.subspan(at), "EXIF"))
                return begins_with(chunk, kExif) ? chunk.subspan(kExif.size()) : chunk;
            at += 8 + size + size % 2;
        }
        return {};
    }
    const Numbers numbers(file, true);
    for (std::size_t at = 2; at + 4 <= file.size() && file[at] == 0xff;) {
        const std::uint8_t marker = file[at + 1];
        const std::size_t size = numbers.of(at + 2, 2); // with the two bytes that state it
        if (marker == 0xda || size < 2)                 // the picture itself
            return {};
        const Bytes segment =
            file.subspan(at + 4, std::min<std::size_t>(size - 2, file.size() - at - 4));
        if (marker == 0xe1 && begins_with(segment, kExif))
            return segment.subspan(kExif.size());
        at += 2 + size;
    }
    return {};
}

} // namespace

/// EXIF is TIFF: the byte order, the place of a directory, and in it entries of 12 bytes: tag,
/// type, count, value.
int exif_orientation(Bytes file) {
    constexpr std::uint32_t kOrientation = 0x112, kShort = 3;
    const Bytes tiff = exif_of(file);
    if (!begins_with(tiff, "II") && !begins_with(tiff, "MM"))
        return 1;
    const Numbers numbers(tiff, begins_with(tiff, "MM"));
    const std::size_t directory = numbers.of(4, 4);
    const std::uint32_t entries = numbers.of(directory, 2);
    for (std::size_t i = 0; i < entries; ++i) {
        const std::size_t entry = directory + 2 + 12 * i;
        if (numbers.of(entry, 2) != kOrientation || numbers.of(entry + 2, 2) != kShort)
            continue;
        const auto orientation = static_cast<int>(numbers.of(entry + 8, 2));
        return orientation >= 1 && orientation <= 8 ? orientation : 1;
    }
    return 1;
}

Image upright(const Image& image, int orientation) {
    if (orientation == 1)
        return image;
    const bool swaps_axes = orientation >= 5; // rows become columns
    const bool from_right =
        orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool from_bottom =
        orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    const int width = swaps_axes ? image.height : image.width;
    const int height = swaps_axes ? image.width : image.height;
    const auto channels = static_cast<std::size_t>(image.channels);
    Image result{width, height, image.channels, {}};
    result.pixels.resize(image.pixels.size());
    std::uint8_t* to = result.pixels.data();
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x) {
            const int column = swaps_axes ? y : x;
            const int row = swaps_axes ? x : y;
            const int from_x = from_right ? image.width - 1 - column : column;
            const int from_y = from_bottom ? image.height - 1 - row : row;
            const std::size_t at =
                (static_cast<std::size_t>(from_y) * static_cast<std::size_t>(image.width) +
                 static_cast<std::size_t>(from_x)) *
                channels;
            to = std::copy_n(&image.pixels[at], channels, to);
        }
    return result;
}

} // namespace lamina
