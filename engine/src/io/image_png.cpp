#include "io/image_codecs.hpp"
#include "lamina/error.hpp"

#include <algorithm>
#include <csetjmp>
#include <png.h>

namespace lamina {
namespace {

// libpng reports errors by longjmp, past which no destructor runs. So whatever needs one lives in
// the Session, outside the functions that call setjmp.
struct Session {
    std::string message;
    std::span<const std::uint8_t> input;
    std::vector<std::uint8_t> output;
    std::vector<png_bytep> rows;
};

void on_error(png_structp png, png_const_charp text) {
    static_cast<Session*>(png_get_error_ptr(png))->message = text;
    png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep target, std::size_t size) {
    auto& session = *static_cast<Session*>(png_get_io_ptr(png));
    if (size > session.input.size())
        png_error(png, "the file ends too early");
    std::copy_n(session.input.begin(), size, target);
    session.input = session.input.subspan(size);
}

void on_write(png_structp png, png_bytep source, std::size_t size) {
    auto& session = *static_cast<Session*>(png_get_io_ptr(png));
    session.output.insert(session.output.end(), source, source + size);
}

void on_flush(png_structp) {}

struct Reader {
    png_structp png;
    png_infop info = nullptr;
    explicit Reader(Session& session)
        : png(png_create_read_struct(PNG_LIBPNG_VER_STRING, &session, on_error, on_warning)) {
        if (png != nullptr)
            info = png_create_info_struct(png);
        if (info != nullptr)
            png_set_read_fn(png, &session, on_read);
    }
    ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;
};

struct Writer {
    png_structp png;
    png_infop info = nullptr;
    explicit Writer(Session& session)
        : png(png_create_write_struct(PNG_LIBPNG_VER_STRING, &session, on_error, on_warning)) {
        if (png != nullptr)
            info = png_create_info_struct(png);
        if (info != nullptr)
            png_set_write_fn(png, &session, on_write, on_flush);
    }
    ~Writer() { png_destroy_write_struct(&png, &info); }
    Writer(const Writer&) = delete;
    Writer& operator=(const Writer&) = delete;
};

bool read_header(const Reader& reader) {
    if (setjmp(png_jmpbuf(reader.png)) != 0)
        return false;
    png_set_user_limits(reader.png, 0x7fffffff, 0x7fffffff); // check_image_size() sets the limit
    png_read_info(reader.png, reader.info);
    png_set_expand(reader.png); // palettes, transparency by colour, fewer than 8 bits
    png_set_scale_16(reader.png);
    if ((png_get_color_type(reader.png, reader.info) & PNG_COLOR_MASK_ALPHA) != 0 ||
        png_get_valid(reader.png, reader.info, PNG_INFO_tRNS) != 0)
        png_set_gray_to_rgb(reader.png); // grey with alpha has no format of ours
    png_set_interlace_handling(reader.png);
    png_read_update_info(reader.png, reader.info);
    return true;
}

bool read_rows(const Reader& reader, png_bytepp rows) {
    if (setjmp(png_jmpbuf(reader.png)) != 0)
        return false;
    png_read_image(reader.png, rows);
    png_read_end(reader.png, nullptr);
    return true;
}

bool write_all(const Writer& writer, const Image& image, png_bytepp rows) {
    if (setjmp(png_jmpbuf(writer.png)) != 0)
        return false;
    const int color = image.channels == 1   ? PNG_COLOR_TYPE_GRAY
                      : image.channels == 3 ? PNG_COLOR_TYPE_RGB
                                            : PNG_COLOR_TYPE_RGB_ALPHA;
    png_set_IHDR(writer.png, writer.info, static_cast<png_uint_32>(image.width),
                 static_cast<png_uint_32>(image.height), 8, color, PNG_INTERLACE_NONE,
                 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
    png_write_info(writer.png, writer.info);
    png_write_image(writer.png, rows);
    png_write_end(writer.png, writer.info);
    return true;
}

void point_rows(Session& session, std::uint8_t* pixels, int height, std::size_t stride) {
    for (int y = 0; y < height; ++y)
        session.rows.push_back(pixels + static_cast<std::size_t>(y) * stride);
}

void check_started(png_infop info) {
    if (info == nullptr)
        throw Error(StatusCode::OutOfMemory, "libpng does not start: out of memory");
}

} // namespace

void check_image_size(std::uint64_t width, std::uint64_t height, const std::string& source) {
    if (width == 0 || height == 0 || width > (1u << 28) / height)
        throw Error(StatusCode::Io, source + ": a picture of " + std::to_string(width) + "x" +
                                        std::to_string(height) + " pixels is not read");
}

Image decode_png(std::span<const std::uint8_t> bytes, const std::string& source) {
    Session session;
    session.input = bytes;
    const Reader reader(session);
    check_started(reader.info);
    const auto damaged = [&] {
        return Error(StatusCode::Io, source + ": damaged PNG: " + session.message);
    };
    if (!read_header(reader))
        throw damaged();
    const auto width = png_get_image_width(reader.png, reader.info);
    const auto height = png_get_image_height(reader.png, reader.info);
    check_image_size(width, height, source);
    Image image{static_cast<int>(width),
                static_cast<int>(height),
                png_get_channels(reader.png, reader.info),
                {}};
    const std::size_t stride = png_get_rowbytes(reader.png, reader.info);
    image.pixels.resize(stride * height);
    point_rows(session, image.pixels.data(), image.height, stride);
    if (!read_rows(reader, session.rows.data()))
        throw damaged();
    return image;
}

std::vector<std::uint8_t> encode_png(const Image& image) {
    Session session;
    const Writer writer(session);
    check_started(writer.info);
    // libpng takes rows to write as pointers to non-const, but does not change them.
    point_rows(session, const_cast<std::uint8_t*>(image.pixels.data()), image.height,
               static_cast<std::size_t>(image.width) * static_cast<std::size_t>(image.channels));
    if (!write_all(writer, image, session.rows.data()))
        throw Error(StatusCode::Internal, "cannot encode PNG: " + session.message);
    return std::move(session.output);
}

} // namespace lamina
