#include "tar.hpp"

#include <algorithm>
#include <string_view>

#include "lamina/plugin/plugin.hpp"

namespace lamina::datasets {
namespace {

constexpr size_t kBlock = 512;

[[noreturn]] void refuse(const std::string& source, const std::string& why) {
    throw plugin::Error(LM_IO, source + ": " + why + "\n  hint: get the file anew");
}

std::string_view field(std::span<const uint8_t> header, size_t offset, size_t width) {
    const std::string_view text(reinterpret_cast<const char*>(header.data()) + offset, width);
    return text.substr(0, text.find('\0'));
}

/// Octal digits, between blanks; -1 for anything else.
int64_t octal(std::string_view text) {
    const size_t begin = std::min(text.find_first_not_of(' '), text.size());
    const size_t end = std::min(text.find(' ', begin), text.size());
    int64_t value = 0;
    for (const char c : text.substr(begin, end - begin)) {
        if (c < '0' || c > '7' || value >> 56 != 0)
            return -1;
        value = value * 8 + (c - '0');
    }
    return begin == end ? -1 : value;
}

/// The sum of the header's bytes, its own eight counted as blanks.
int64_t sum_of(std::span<const uint8_t> header) {
    int64_t sum = 0;
    for (size_t i = 0; i < kBlock; ++i)
        sum += i >= 148 && i < 156 ? ' ' : header[i];
    return sum;
}

bool is_end(std::span<const uint8_t> header) {
    return std::all_of(header.begin(), header.end(), [](uint8_t byte) { return byte == 0; });
}

} // namespace

std::span<const uint8_t> tar_member(std::span<const uint8_t> archive, const std::string& name,
                                    const std::string& source) {
    for (size_t at = 0;;) {
        if (archive.size() - at < kBlock)
            refuse(source, "truncated: the archive ends after " + std::to_string(archive.size()) +
                               " bytes, within its list of files");
        const auto header = archive.subspan(at, kBlock);
        if (is_end(header))
            return {};
        const int64_t size = octal(field(header, 124, 12));
        if (size < 0 || octal(field(header, 148, 8)) != sum_of(header))
            refuse(source, "not a tar archive, or damaged at byte " + std::to_string(at));
        at += kBlock;
        const auto bytes = static_cast<uint64_t>(size);
        const std::string_view path = field(header, 0, 100);
        if (bytes > archive.size() - at)
            refuse(source, "truncated: " + std::string(path) + " has " + std::to_string(bytes) +
                               " bytes, there are " + std::to_string(archive.size() - at));
        const char type = static_cast<char>(header[156]);
        if ((type == '0' || type == '\0') && path.substr(path.rfind('/') + 1) == name)
            return archive.subspan(at, bytes);
        at += std::min((bytes + kBlock - 1) / kBlock * kBlock, archive.size() - at);
    }
}

} // namespace lamina::datasets
