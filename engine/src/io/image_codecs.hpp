#pragma once

#include "lamina/image.hpp"

namespace lamina {

// The bytes are known to begin with the format's magic; the images are known to be well formed.

Image decode_png(std::span<const std::uint8_t> bytes, const std::string& source);
Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& source);
Image decode_webp(std::span<const std::uint8_t> bytes, const std::string& source);
std::vector<std::uint8_t> encode_png(const Image& image);
std::vector<std::uint8_t> encode_jpeg(const Image& image, int quality);

/// Refuses what a damaged or hostile header may claim: a picture of more than 2^28 pixels (268
/// megapixels; the largest camera sensors have 150).
void check_image_size(std::uint64_t width, std::uint64_t height, const std::string& source);

} // namespace lamina
