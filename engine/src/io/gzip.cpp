#include "lamina/error.hpp"
#include "lamina/file.hpp"

#include <algorithm>
#include <limits>
#include <zlib.h>

namespace lamina {
namespace {

struct Inflater {
    z_stream stream{};
    explicit Inflater(const std::string& source) {
        // 16 + 15 bits: gzip's own framing with the largest window.
        if (inflateInit2(&stream, 16 + MAX_WBITS) != Z_OK)
            throw Error(StatusCode::OutOfMemory, source + ": out of memory while decompressing");
    }
    ~Inflater() { inflateEnd(&stream); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;
};

[[noreturn]] void fail_gzip(const std::string& source, const std::string& why) {
    throw Error(StatusCode::Io, source + ": " + why +
                                    "\n  hint: get the file anew; its download may have stopped "
                                    "midway or gone wrong");
}

} // namespace

bool is_gzip(std::span<const std::uint8_t> bytes) {
    return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

Bytes gunzip(std::span<const std::uint8_t> bytes, const std::string& source, std::uint64_t limit) {
    if (!is_gzip(bytes))
        throw Error(StatusCode::Io, source + ": not a gzip file");
    Inflater inflater(source);
    z_stream& z = inflater.stream;
    constexpr std::size_t kLargestStep = std::numeric_limits<uInt>::max();
    Bytes result(std::min<std::size_t>(std::max<std::size_t>(bytes.size() * 4, 4096), 1u << 26));
    std::size_t filled = 0;
    std::span<const std::uint8_t> rest = bytes;
    for (;;) {
        if (filled == result.size()) {
            if (result.size() >= limit)
                throw Error(StatusCode::Io, source + ": decompresses to more than " +
                                                std::to_string(limit) + " bytes");
            result.resize(std::min<std::uint64_t>(result.size() * 2, limit));
        }
        const auto room = static_cast<uInt>(std::min(result.size() - filled, kLargestStep));
        const auto ready = static_cast<uInt>(std::min(rest.size(), kLargestStep));
        z.next_out = result.data() + filled;
        z.avail_out = room;
        z.next_in = const_cast<Bytef*>(rest.data()); // zlib's old signature; it only reads
        z.avail_in = ready;
        const int status = inflate(&z, Z_NO_FLUSH);
        filled += room - z.avail_out;
        rest = rest.subspan(ready - z.avail_in);
        if (status == Z_STREAM_END) {
            if (!is_gzip(rest)) // what may follow the last member is padding, as in gzip(1)
                break;
            inflateReset(&z);
        } else if (status == Z_MEM_ERROR) {
            throw Error(StatusCode::OutOfMemory, source + ": out of memory while decompressing");
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            fail_gzip(source, std::string("damaged gzip data (") +
                                  (z.msg != nullptr ? z.msg : "unknown reason") + ")");
        } else if (rest.empty() && z.avail_out > 0) {
            fail_gzip(source, "gzip data ends too early, after " + std::to_string(filled) +
                                  " decompressed bytes");
        }
    }
    result.resize(filled);
    return result;
}

} // namespace lamina
