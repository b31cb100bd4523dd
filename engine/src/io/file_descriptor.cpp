#include "io/file_descriptor.hpp"

#include "lamina/error.hpp"

#include <cerrno>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace lamina {

FileDescriptor::~FileDescriptor() {
    if (fd_ >= 0)
        ::close(fd_);
}

FileDescriptor::FileDescriptor(FileDescriptor&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}

FileDescriptor& FileDescriptor::operator=(FileDescriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

void fail_io(std::string_view what, const std::filesystem::path& path) {
    const int number = errno;
    throw Error(number == ENOENT ? StatusCode::NotFound : StatusCode::Io,
                path.string() + ": " + std::string(what) + ": " +
                    std::generic_category().message(number));
}

} // namespace lamina
