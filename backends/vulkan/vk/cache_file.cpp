#include "vk/cache_file.hpp"

#include <algorithm>
#include <cstring>
#include <fstream>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace lamina::vulkan {

namespace {

namespace fs = std::filesystem;

// The key's text, then the driver's data, follow.
struct Header {
    char magic[8] = {'L', 'M', 'N', 'A', 'V', 'K', 'P', 'C'};
    uint32_t format = 1;
    uint32_t key_bytes = 0;
    uint64_t data_bytes = 0;
    uint64_t checksum = 0; // of all that follows
};

/// FNV-1a: against damage, not against malice.
uint64_t checksum(std::span<const unsigned char> bytes) {
    uint64_t hash = 14695981039346656037u;
    for (const unsigned char b : bytes)
        hash = (hash ^ b) * 1099511628211u;
    return hash;
}

bool driver_header_fits(std::span<const unsigned char> data, const CacheKey& key) {
    uint32_t words[4]; // its own length, its version, vendor, device
    if (data.size() < kDriverHeader)
        return false;
    std::memcpy(words, data.data(), sizeof words);
    return words[0] >= kDriverHeader && words[0] <= data.size() && words[1] == 1 &&
           words[2] == key.vendor_id && words[3] == key.device_id &&
           std::equal(key.cache_uuid.begin(), key.cache_uuid.end(), data.begin() + sizeof words);
}

/// A file that is written beside its target by one process at a time.
class Beside {
  public:
    explicit Beside(const fs::path& target)
        : target_(target), path_(target.string() + ".partial"),
          fd_(::open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666)) {}
    ~Beside() {
        if (fd_ >= 0)
            ::close(fd_); // drops the lock
    }
    Beside(const Beside&) = delete;
    Beside& operator=(const Beside&) = delete;

    bool replace(std::span<const unsigned char> bytes) {
        return lock() && ::ftruncate(fd_, 0) == 0 && write(bytes) &&
               ::rename(path_.c_str(), target_.c_str()) == 0;
    }

  private:
    /// False too when another process has renamed the file between our opening and locking it.
    bool lock() const {
        struct flock whole {};
        whole.l_type = F_WRLCK;
        whole.l_whence = SEEK_SET;
        struct stat by_path {};
        struct stat by_fd {};
        return fd_ >= 0 && ::fcntl(fd_, F_OFD_SETLK, &whole) == 0 &&
               ::stat(path_.c_str(), &by_path) == 0 && ::fstat(fd_, &by_fd) == 0 &&
               by_path.st_ino == by_fd.st_ino && by_path.st_dev == by_fd.st_dev;
    }
    bool write(std::span<const unsigned char> bytes) const {
        while (!bytes.empty()) {
            const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
            if (n < 0)
                return false;
            bytes = bytes.subspan(static_cast<size_t>(n));
        }
        return true;
    }

    fs::path target_, path_;
    int fd_;
};

} // namespace

std::vector<unsigned char> read_cache(const fs::path& path, const CacheKey& key) {
    std::ifstream file(path, std::ios::binary);
    const Header expected;
    Header header;
    if (!file.read(reinterpret_cast<char*>(&header), sizeof header) ||
        std::memcmp(header.magic, expected.magic, sizeof header.magic) != 0 ||
        header.format != expected.format || header.key_bytes != key.text.size() ||
        header.data_bytes > kMostCacheBytes)
        return {};
    std::vector<unsigned char> bytes(header.key_bytes + header.data_bytes);
    if (!file.read(reinterpret_cast<char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size())) ||
        file.peek() != std::ifstream::traits_type::eof() || checksum(bytes) != header.checksum ||
        std::memcmp(bytes.data(), key.text.data(), key.text.size()) != 0)
        return {};
    bytes.erase(bytes.begin(), bytes.begin() + header.key_bytes);
    if (!driver_header_fits(bytes, key))
        return {};
    return bytes;
}

bool write_cache(const fs::path& path, const CacheKey& key, std::span<const unsigned char> data) {
    std::error_code error;
    if (data.size() > kMostCacheBytes) {
        fs::remove(path, error);
        return false;
    }
    fs::create_directories(path.parent_path(), error);
    std::vector<unsigned char> bytes(sizeof(Header));
    bytes.insert(bytes.end(), key.text.begin(), key.text.end());
    bytes.insert(bytes.end(), data.begin(), data.end());
    Header header;
    header.key_bytes = static_cast<uint32_t>(key.text.size());
    header.data_bytes = data.size();
    header.checksum = checksum(std::span(bytes).subspan(sizeof header));
    std::memcpy(bytes.data(), &header, sizeof header);
    return Beside(path).replace(bytes);
}

} // namespace lamina::vulkan
