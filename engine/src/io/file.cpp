#include "lamina/file.hpp"

#include "io/file_descriptor.hpp"
#include "lamina/error.hpp"
#include "lamina/text.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lamina {
namespace {

namespace fs = std::filesystem;

template <typename Container>
Container read_whole(const fs::path& path) {
    const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0)
        fail_io("cannot read", path);
    Container content;
    // Pipes and /proc say 0: the buffer then grows as it fills.
    content.resize(status.st_size > 0 ? static_cast<std::size_t>(status.st_size) + 1 : 65536);
    std::size_t size = 0;
    for (;;) {
        if (size == content.size())
            content.resize(content.size() * 2);
        const ssize_t count = ::read(fd.get(), content.data() + size, content.size() - size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            fail_io("cannot read", path);
        if (count == 0)
            break;
        size += static_cast<std::size_t>(count);
    }
    content.resize(size);
    return content;
}

} // namespace

bool is_folder(const fs::path& path) {
    std::error_code ignored;
    return fs::is_directory(path, ignored);
}

Bytes read_file(const fs::path& path) { return read_whole<Bytes>(path); }

std::string read_text(const fs::path& path) { return read_whole<std::string>(path); }

std::vector<std::string> read_lines(const fs::path& path) {
    const std::string text = read_text(path);
    std::vector<std::string> lines;
    for (size_t at = 0; at < text.size();) {
        const size_t end = std::min(text.find('\n', at), text.size());
        lines.emplace_back(trim(std::string_view(text).substr(at, end - at)));
        at = end + 1;
    }
    return lines;
}

Bytes read_head(const fs::path& path, std::size_t most) {
    const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
        fail_io("cannot read", path);
    Bytes head(most);
    const ssize_t count = ::read(fd.get(), head.data(), most);
    if (count < 0)
        fail_io("cannot read", path);
    head.resize(static_cast<std::size_t>(count));
    return head;
}

Bytes read_maybe_gzip(const fs::path& path) {
    Bytes bytes = read_file(path);
    return is_gzip(bytes) ? gunzip(bytes, path.string()) : bytes;
}

} // namespace lamina
