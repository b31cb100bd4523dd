/// Zip archives, by libzip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

struct zip;

namespace lamina::plugin {

/// An archive that is read. Whatever is wrong with it is an Error(LM_IO) that says what.
class ZipReader {
  public:
    explicit ZipReader(const std::string& path);

    bool has(const std::string& entry) const;
    /// Throws also where it is longer than `most` bytes.
    std::string text(const std::string& entry, uint64_t most) const;
    /// Writes the entry to a file. Sums and sizes are checked.
    void extract(const std::string& entry, const std::filesystem::path& to) const;

  private:
    struct Close {
        void operator()(zip* archive) const;
    };
    std::unique_ptr<zip, Close> archive_;
};

/// An archive that is written, its entries as they are: Keras reads weights where they lie.
class ZipWriter {
  public:
    explicit ZipWriter(const std::filesystem::path& path);

    void add_text(const char* entry, std::string text);
    /// The file is read when finish() is called.
    void add_file(const char* entry, const std::filesystem::path& file);
    void finish();

  private:
    struct Discard {
        void operator()(zip* archive) const;
    };
    void add(const char* entry, void* source);

    std::unique_ptr<zip, Discard> archive_;
};

/// A folder for this process alone, which is removed with what is in it.
class PrivateFolder {
  public:
    PrivateFolder();
    ~PrivateFolder();
    PrivateFolder(const PrivateFolder&) = delete;
    PrivateFolder& operator=(const PrivateFolder&) = delete;
    std::filesystem::path operator/(const char* name) const { return path_ / name; }

  private:
    std::filesystem::path path_;
};

} // namespace lamina::plugin
