#pragma once

#include "lamina/export.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace lamina {

/// An 8-bit picture: row after row from the top, each pixel's channels together [H, W, C].
struct Image {
    int width = 0;
    int height = 0;
    int channels = 0; // 1 grey, 3 RGB, 4 RGBA
    std::vector<std::uint8_t> pixels;

    friend bool operator==(const Image&, const Image&) = default;
};

enum class ImageFormat { Png, Jpeg };

/// Decodes PNG, JPEG or WebP, told apart by content. `source` names the data in messages.
///
/// channels: 1, 3 or 4 converts; 0 keeps the file's own. Palettes become RGB (RGBA where there is
/// transparency), grey with alpha becomes RGBA, 16 bits become 8, CMYK becomes RGB. Colour profiles
/// are left alone. A JPEG or WebP stands upright: the orientation in its EXIF data, which phones
/// write, is applied.
///
/// Against Keras: load_img does not look at the orientation and gives such a photo lying on its
/// side, as it is stored. All else gives the same pixels. For Keras's pixels of it, strip the EXIF
/// data from the file.
/// Throws Error(Io) for what is none of these, is damaged, animated, or ends too early.
LAMINA_API Image decode_image(std::span<const std::uint8_t> bytes, const std::string& source,
                              int channels = 0);

/// Decodes a file. Throws Error(NotFound) or Error(Io), naming the path.
LAMINA_API Image load_image(const std::filesystem::path& path, int channels = 0);

/// The encoded bytes. PNG is lossless; JPEG (grey and RGB only; alpha is dropped) takes a quality
/// from 1 to 100.
LAMINA_API std::vector<std::uint8_t> encode_image(const Image& image, ImageFormat format,
                                                  int quality = 90);

/// Writes a file, whole or not at all, in the format of its extension: .png, .jpg or .jpeg.
/// Throws Error(InvalidArgument) for another extension, Error(Io) when it cannot be written.
LAMINA_API void save_image(const Image& image, const std::filesystem::path& path, int quality = 90);

/// To 1, 3 or 4 channels. RGB to grey is ITU-R 601 luma (0.299, 0.587, 0.114), rounded as Pillow
/// does; alpha is dropped, or added as opaque.
LAMINA_API Image convert(const Image& image, int channels);

/// Nearest takes the pixel at the centre; Bilinear weighs with a triangle that grows as the image
/// shrinks, so that shrinking does not alias. Both give Pillow's bits, which are what Keras's
/// load_img(target_size=...) gives.
enum class Resampling { Nearest, Bilinear };

/// Throws Error(InvalidArgument) for sizes below 1.
LAMINA_API Image resize(const Image& image, int width, int height, Resampling method);

} // namespace lamina
