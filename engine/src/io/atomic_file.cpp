#include "lamina/atomic_file.hpp"

#include "io/file_descriptor.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace lamina {
namespace {

namespace fs = std::filesystem;

/// Locks the whole file for this open descriptor; false when somebody else holds it. File systems
/// without such locks count as locked: there two writers at once are the user's affair. The lock is
/// of another kind than flock()'s, which HDF5 takes on the files that it opens.
bool lock(int fd) {
    struct flock whole {};
    whole.l_type = F_WRLCK;
    whole.l_whence = SEEK_SET;
    return ::fcntl(fd, F_OFD_SETLK, &whole) == 0 || (errno != EAGAIN && errno != EACCES);
}

/// Whether the path still names the open file; another writer may have renamed it meanwhile.
bool names(const fs::path& path, int fd) {
    struct stat by_path {};
    struct stat by_fd {};
    return ::stat(path.c_str(), &by_path) == 0 && ::fstat(fd, &by_fd) == 0 &&
           by_path.st_dev == by_fd.st_dev && by_path.st_ino == by_fd.st_ino;
}

/// The file that a path leads to, through symbolic links, be it there or not.
fs::path resolve(const fs::path& target) {
    std::error_code error;
    fs::path path = target;
    for (int depth = 0; depth < 40 && fs::is_symlink(path, error); ++depth) {
        const fs::path next = fs::read_symlink(path, error);
        if (error)
            break;
        path = next.is_absolute() ? next : path.parent_path() / next;
    }
    return path;
}

fs::path folder_of(const fs::path& path) {
    return path.has_parent_path() ? path.parent_path() : fs::path(".");
}

void sync(int fd, const fs::path& path) {
    // Pipes, devices and some network file systems know no syncing.
    if (::fsync(fd) != 0 && errno != EINVAL && errno != EROFS && errno != ENOTSUP)
        fail_io("cannot write", path);
}

} // namespace

struct AtomicFile::State {
    fs::path target;
    fs::path temporary;
    FileDescriptor fd;
    bool direct = false;
    bool committed = false;

    explicit State(const fs::path& path) : target(resolve(path)) {
        struct stat status {};
        const bool exists = ::stat(target.c_str(), &status) == 0;
        if (exists && S_ISDIR(status.st_mode)) {
            errno = EISDIR;
            fail_io("cannot write", target);
        }
        if (exists && !S_ISREG(status.st_mode)) {
            direct = true;
            temporary = target;
            fd = FileDescriptor(::open(target.c_str(), O_WRONLY | O_CLOEXEC));
            if (!fd)
                fail_io("cannot write", target);
            return;
        }
        // A file that its owner has write-protected is not to be replaced behind his back.
        if (exists && ::access(target.c_str(), W_OK) != 0)
            fail_io("cannot write", target);
        open_temporary();
        if (exists)
            // Best effort: who may read the file stays as it was.
            static_cast<void>(::fchmod(fd.get(), status.st_mode & 07777));
    }

    void open_temporary() {
        for (int number = 0;; ++number) {
            temporary = folder_of(target) / ("." + target.filename().string() + ".partial" +
                                             (number == 0 ? "" : std::to_string(number)));
            fd = FileDescriptor(
                ::open(temporary.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666));
            if (!fd)
                fail_io("cannot write", target);
            if (!lock(fd.get()) || !names(temporary, fd.get()))
                continue;
            if (::ftruncate(fd.get(), 0) != 0)
                fail_io("cannot write", target);
            return;
        }
    }

    void commit() {
        sync(fd.get(), target);
        if (direct) {
            committed = true;
            return;
        }
        if (::rename(temporary.c_str(), target.c_str()) != 0)
            fail_io("cannot write", target);
        committed = true;
        // Without this the rename itself may be lost in a power cut.
        const FileDescriptor folder(
            ::open(folder_of(target).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (folder)
            sync(folder.get(), target);
        fd = FileDescriptor();
    }

    ~State() {
        if (!committed && !direct && fd)
            ::unlink(temporary.c_str());
    }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

AtomicFile::AtomicFile(const fs::path& target) : state_(std::make_unique<State>(target)) {}

AtomicFile::~AtomicFile() = default;

void AtomicFile::write(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
        const ssize_t written = ::write(state_->fd.get(), bytes.data(), bytes.size());
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            fail_io("cannot write", state_->target);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
}

void AtomicFile::write(std::string_view text) { write(std::as_bytes(std::span(text))); }

const fs::path& AtomicFile::temporary() const { return state_->temporary; }

void AtomicFile::commit() { state_->commit(); }

void write_file(const fs::path& target, std::span<const std::byte> bytes) {
    AtomicFile file(target);
    file.write(bytes);
    file.commit();
}

void write_file(const fs::path& target, std::string_view text) {
    write_file(target, std::as_bytes(std::span(text)));
}

} // namespace lamina
