#pragma once

#include <filesystem>
#include <string_view>

namespace lamina {

/// Owns an open file's descriptor.
class FileDescriptor {
  public:
    FileDescriptor() = default;
    explicit FileDescriptor(int fd) : fd_(fd) {}
    ~FileDescriptor();
    FileDescriptor(FileDescriptor&& other) noexcept;
    FileDescriptor& operator=(FileDescriptor&& other) noexcept;

    explicit operator bool() const { return fd_ >= 0; }
    int get() const { return fd_; }

  private:
    int fd_ = -1;
};

/// Throws Error(Io), or Error(NotFound) for a missing file: "PATH: cannot read: No such file or
/// directory", the reason being errno's.
[[noreturn]] void fail_io(std::string_view what, const std::filesystem::path& path);

} // namespace lamina
