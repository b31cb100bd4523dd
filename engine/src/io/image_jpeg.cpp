#include "io/image_codecs.hpp"
#include "lamina/error.hpp"

#include <algorithm>
#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>

// jpeglib.h needs <cstdio> before it.
#include <jerror.h>
#include <jpeglib.h>

namespace lamina {
namespace {

// libjpeg reports errors by longjmp, past which no destructor runs. So whatever needs one lives
// outside the functions that call setjmp.
struct ErrorManager {
    jpeg_error_mgr base{}; // first: libjpeg passes it back as a pointer to its own struct
    std::jmp_buf jump{};
    std::array<char, JMSG_LENGTH_MAX> message{};
};

ErrorManager& manager(j_common_ptr info) { return *reinterpret_cast<ErrorManager*>(info->err); }

[[noreturn]] void on_error(j_common_ptr info) {
    info->err->format_message(info, manager(info).message.data());
    std::longjmp(manager(info).jump, 1);
}

void on_message(j_common_ptr info, int level) {
    // libjpeg fills in grey for what is missing and only warns; for training data that is worse
    // than no picture. Other warnings concern stray bytes and are as harmless as it thinks.
    const int code = info->err->msg_code;
    if (level < 0 && (code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER))
        on_error(info);
}

jpeg_error_mgr* set_up(ErrorManager& errors) {
    jpeg_std_error(&errors.base);
    errors.base.error_exit = on_error;
    errors.base.emit_message = on_message;
    return &errors.base;
}

struct Decoder {
    ErrorManager errors;
    jpeg_decompress_struct jpeg{};
    bool created = false;

    Decoder() { jpeg.err = set_up(errors); }
    ~Decoder() {
        if (created)
            jpeg_destroy_decompress(&jpeg);
    }
    Decoder(const Decoder&) = delete;
    Decoder& operator=(const Decoder&) = delete;

    bool start(std::span<const std::uint8_t> bytes) {
        if (setjmp(errors.jump) != 0)
            return false;
        jpeg_create_decompress(&jpeg);
        created = true;
        jpeg_mem_src(&jpeg, bytes.data(), bytes.size());
        jpeg_read_header(&jpeg, TRUE);
        const bool four = jpeg.jpeg_color_space == JCS_CMYK || jpeg.jpeg_color_space == JCS_YCCK;
        const bool grey = jpeg.jpeg_color_space == JCS_GRAYSCALE;
        jpeg.out_color_space = four ? JCS_CMYK : grey ? JCS_GRAYSCALE : JCS_RGB;
        return true;
    }

    bool read(std::uint8_t* pixels, std::size_t stride) {
        if (setjmp(errors.jump) != 0)
            return false;
        jpeg_start_decompress(&jpeg);
        while (jpeg.output_scanline < jpeg.output_height) {
            JSAMPROW row = pixels + jpeg.output_scanline * stride;
            jpeg_read_scanlines(&jpeg, &row, 1);
        }
        jpeg_finish_decompress(&jpeg);
        return true;
    }
};

struct Encoder {
    ErrorManager errors;
    jpeg_compress_struct jpeg{};
    unsigned char* buffer = nullptr;
    unsigned long size = 0;
    bool created = false;

    Encoder() { jpeg.err = set_up(errors); }
    ~Encoder() {
        if (created)
            jpeg_destroy_compress(&jpeg);
        std::free(buffer); // NOLINT(cppcoreguidelines-no-malloc): libjpeg's malloc
    }
    Encoder(const Encoder&) = delete;
    Encoder& operator=(const Encoder&) = delete;

    bool write(const Image& image, int quality) {
        if (setjmp(errors.jump) != 0)
            return false;
        jpeg_create_compress(&jpeg);
        created = true;
        jpeg_mem_dest(&jpeg, &buffer, &size);
        jpeg.image_width = static_cast<JDIMENSION>(image.width);
        jpeg.image_height = static_cast<JDIMENSION>(image.height);
        jpeg.input_components = image.channels;
        jpeg.in_color_space = image.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
        jpeg_set_defaults(&jpeg);
        jpeg_set_quality(&jpeg, quality, TRUE);
        jpeg_start_compress(&jpeg, TRUE);
        const std::size_t stride =
            static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels);
        while (jpeg.next_scanline < jpeg.image_height) {
            // libjpeg takes rows as pointers to non-const, but does not change them.
            JSAMPROW row =
                const_cast<std::uint8_t*>(image.pixels.data()) + jpeg.next_scanline * stride;
            jpeg_write_scanlines(&jpeg, &row, 1);
        }
        jpeg_finish_compress(&jpeg);
        return true;
    }
};

/// Adobe's programs store ink inverted (255 is none), and say so by their marker.
Image rgb_from_cmyk(const Image& cmyk, bool inverted) {
    Image rgb{cmyk.width, cmyk.height, 3, {}};
    const std::size_t count = cmyk.pixels.size() / 4;
    rgb.pixels.resize(count * 3);
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint8_t* ink = &cmyk.pixels[i * 4];
        const unsigned flip = inverted ? 0 : 255;
        const unsigned light = ink[3] ^ flip;
        for (std::size_t c = 0; c < 3; ++c)
            rgb.pixels[i * 3 + c] =
                static_cast<std::uint8_t>(((ink[c] ^ flip) * light + 127) / 255);
    }
    return rgb;
}

} // namespace

Image decode_jpeg(std::span<const std::uint8_t> bytes, const std::string& source) {
    Decoder decoder;
    const auto damaged = [&] {
        return Error(StatusCode::Io,
                     source + ": damaged JPEG: " + std::string(decoder.errors.message.data()));
    };
    if (!decoder.start(bytes))
        throw damaged();
    const jpeg_decompress_struct& jpeg = decoder.jpeg;
    check_image_size(jpeg.image_width, jpeg.image_height, source);
    const int channels = jpeg.out_color_space == JCS_CMYK        ? 4
                         : jpeg.out_color_space == JCS_GRAYSCALE ? 1
                                                                 : 3;
    Image image{
        static_cast<int>(jpeg.image_width), static_cast<int>(jpeg.image_height), channels, {}};
    const std::size_t stride =
        static_cast<std::size_t>(image.width) * static_cast<std::size_t>(channels);
    image.pixels.resize(stride * jpeg.image_height);
    if (!decoder.read(image.pixels.data(), stride))
        throw damaged();
    return channels == 4 ? rgb_from_cmyk(image, jpeg.saw_Adobe_marker != FALSE) : image;
}

std::vector<std::uint8_t> encode_jpeg(const Image& image, int quality) {
    Encoder encoder;
    if (!encoder.write(image, std::clamp(quality, 1, 100)))
        throw Error(StatusCode::Internal,
                    "cannot encode JPEG: " + std::string(encoder.errors.message.data()));
    return {encoder.buffer, encoder.buffer + encoder.size};
}

} // namespace lamina
