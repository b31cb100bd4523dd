/// How a photo is to be turned: the orientation that cameras write into its EXIF data.
#pragma once

#include "lamina/image.hpp"

namespace lamina {

/// EXIF's orientation, 1 (as stored) to 8, of a whole JPEG or WebP file. 1 where there is none, or
/// none that makes sense: a photo with damaged remarks is still a photo.
int exif_orientation(std::span<const std::uint8_t> file);

/// The picture as its maker saw it: mirrored, turned or both.
Image upright(const Image& image, int orientation);

} // namespace lamina
