#include "idx.hpp"

#include <cstdio>
#include <string>

namespace lamina::datasets {
namespace {

constexpr uint8_t kUnsignedByte = 0x08;

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& why) {
    throw plugin::Error(LM_IO, path.string() + ": " + why);
}

uint32_t big_endian(const uint8_t* bytes) {
    return uint32_t{bytes[0]} << 24 | uint32_t{bytes[1]} << 16 | uint32_t{bytes[2]} << 8 | bytes[3];
}

std::string hex(const uint8_t* bytes, size_t count) {
    std::string text;
    for (size_t i = 0; i < count; ++i) {
        char pair[4];
        std::snprintf(pair, sizeof pair, "%s%02x", i == 0 ? "" : " ", bytes[i]);
        text += pair;
    }
    return text;
}

std::string product_of(const std::vector<int64_t>& dims) {
    std::string text;
    for (const int64_t extent : dims)
        text += (text.empty() ? "" : "x") + std::to_string(extent);
    return text;
}

} // namespace

Idx read_idx(const lm_host* host, const std::filesystem::path& path, size_t rank) {
    Idx idx{{}, read_whole(host, path), nullptr};
    const uint8_t* file = idx.file.bytes.data();
    const uint64_t size = idx.file.bytes.size();

    const uint8_t expected[4] = {0, 0, kUnsignedByte, static_cast<uint8_t>(rank)};
    if (size < 4)
        refuse(path, "too short for an idx file: " + std::to_string(size) + " bytes");
    if (!std::equal(expected, expected + 4, file))
        refuse(path, std::string("not an idx file of ") + (rank == 1 ? "labels" : "images") +
                         ": expected it to begin with " + hex(expected, 4) + ", found " +
                         hex(file, 4));
    const uint64_t header = 4 + 4 * rank;
    if (size < header)
        refuse(path, "truncated: the header takes " + std::to_string(header) +
                         " bytes, the file has " + std::to_string(size));

    uint64_t elements = 1;
    for (size_t axis = 0; axis < rank; ++axis) {
        idx.dims.push_back(big_endian(file + 4 + 4 * axis));
        if (__builtin_mul_overflow(elements, static_cast<uint64_t>(idx.dims.back()), &elements))
            refuse(path, "damaged: its header promises " + product_of(idx.dims) + " elements");
    }
    if (size - header != elements)
        refuse(path, (size - header < elements ? "truncated: " : "too long: ") +
                         ("its header promises " + product_of(idx.dims)) + " = " +
                         std::to_string(elements) + " bytes, there are " +
                         std::to_string(size - header));
    idx.data = file + header;
    return idx;
}

} // namespace lamina::datasets
