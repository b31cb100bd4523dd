#include "io/image_codecs.hpp"
#include "lamina/error.hpp"

#include <webp/decode.h>

namespace lamina {

Image decode_webp(std::span<const std::uint8_t> bytes, const std::string& source) {
    WebPBitstreamFeatures features;
    const auto damaged = [&](const char* what) {
        return Error(StatusCode::Io, source + ": damaged WebP: " + what);
    };
    if (WebPGetFeatures(bytes.data(), bytes.size(), &features) != VP8_STATUS_OK)
        throw damaged("the header makes no sense");
    if (features.has_animation != 0)
        throw Error(StatusCode::Io,
                    source + ": an animated WebP, not one picture; save one frame of it");
    check_image_size(static_cast<std::uint64_t>(features.width),
                     static_cast<std::uint64_t>(features.height), source);
    const int channels = features.has_alpha != 0 ? 4 : 3;
    Image image{features.width, features.height, channels, {}};
    const int stride = image.width * channels;
    image.pixels.resize(static_cast<std::size_t>(stride) * static_cast<std::size_t>(image.height));
    const auto decode = channels == 4 ? &WebPDecodeRGBAInto : &WebPDecodeRGBInto;
    if (decode(bytes.data(), bytes.size(), image.pixels.data(), image.pixels.size(), stride) ==
        nullptr)
        throw damaged("the picture ends too early or makes no sense");
    return image;
}

} // namespace lamina
