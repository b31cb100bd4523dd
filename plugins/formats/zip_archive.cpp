#include "zip_archive.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <vector>

#include <zip.h>

#include "lamina/plugin/plugin.hpp"

namespace lamina::plugin {

namespace {

namespace fs = std::filesystem;

/// Weights hardly pack, and Keras does not pack them. An entry that is larger than kFree and more
/// than kMostPacked times its packed size is made to fill a disk.
constexpr uint64_t kFree = uint64_t{64} << 20;
constexpr uint64_t kMostPacked = 100;
constexpr size_t kBlock = size_t{1} << 20;

[[noreturn]] void damaged(const std::string& what) {
    throw Error(LM_IO, "the zip archive is damaged: " + what +
                           "\n  hint: copy or download the file again, or save it anew with the "
                           "program that wrote it");
}

[[noreturn]] void cannot_write(const std::string& why) {
    throw Error(LM_IO, "the zip archive cannot be written: " + why);
}

/// Where an entry lies, and how large it is.
zip_stat_t stat_of(zip* archive, const std::string& entry) {
    zip_stat_t stat;
    zip_stat_init(&stat);
    if (zip_stat(archive, entry.c_str(), 0, &stat) != 0)
        damaged(entry + ": " + zip_strerror(archive));
    constexpr uint64_t needed = ZIP_STAT_INDEX | ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE;
    if ((stat.valid & needed) != needed)
        damaged(entry + " does not state its size");
    if ((stat.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 && stat.encryption_method != ZIP_EM_NONE)
        unsupported(entry + " in the zip archive is encrypted");
    if (stat.size > kFree && stat.size / kMostPacked > stat.comp_size)
        throw Error(LM_IO, entry + " in the zip archive has " + std::to_string(stat.size) +
                               " bytes packed into " + std::to_string(stat.comp_size) +
                               ", which no weights are: it is made to fill a disk, and not read");
    return stat;
}

/// Hands an entry over block by block.
void read_entry(zip* archive, const std::string& entry, const zip_stat_t& stat,
                const std::function<void(const char*, size_t)>& take) {
    const std::unique_ptr<zip_file_t, int (*)(zip_file_t*)> file(
        zip_fopen_index(archive, stat.index, 0), &zip_fclose);
    if (!file)
        damaged(entry + ": " + zip_strerror(archive));
    std::vector<char> block(static_cast<size_t>(std::min<uint64_t>(stat.size + 1, kBlock)));
    uint64_t all = 0;
    for (;;) { // also past the last byte, where libzip checks the sum
        const zip_int64_t count = zip_fread(file.get(), block.data(), block.size());
        if (count < 0)
            damaged(entry + ": " + zip_file_strerror(file.get()));
        if (count == 0)
            break;
        all += static_cast<uint64_t>(count);
        if (all > stat.size)
            break;
        take(block.data(), static_cast<size_t>(count));
    }
    if (all != stat.size)
        damaged(entry + " is not as long as it states");
}

} // namespace

void ZipReader::Close::operator()(zip* archive) const { zip_discard(archive); }
void ZipWriter::Discard::operator()(zip* archive) const { zip_discard(archive); }

ZipReader::ZipReader(const std::string& path) {
    int code = 0;
    archive_.reset(zip_open(path.c_str(), ZIP_RDONLY, &code));
    if (archive_)
        return;
    zip_error_t error;
    zip_error_init_with_code(&error, code);
    const std::string why = zip_error_strerror(&error);
    zip_error_fini(&error);
    if (code == ZIP_ER_OPEN || code == ZIP_ER_NOENT)
        throw Error(LM_IO, why);
    damaged(code == ZIP_ER_NOZIP ? "its list of contents is missing, as in a file that was cut off"
                                 : why);
}

bool ZipReader::has(const std::string& entry) const {
    return zip_name_locate(archive_.get(), entry.c_str(), 0) >= 0;
}

std::string ZipReader::text(const std::string& entry, uint64_t most) const {
    const zip_stat_t stat = stat_of(archive_.get(), entry);
    if (stat.size > most)
        throw Error(LM_IO, entry + " in the zip archive has " + std::to_string(stat.size) +
                               " bytes, at most " + std::to_string(most) + " are read");
    std::string text;
    read_entry(archive_.get(), entry, stat,
               [&](const char* data, size_t bytes) { text.append(data, bytes); });
    return text;
}

void ZipReader::extract(const std::string& entry, const fs::path& to) const {
    const zip_stat_t stat = stat_of(archive_.get(), entry);
    const auto fail = [&] {
        throw Error(LM_IO, "cannot unpack " + entry + " to " + to.string() + ": " +
                               std::strerror(errno) + "\n  hint: TMPDIR names another place");
    };
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(to.c_str(), "wb"),
                                                               &std::fclose);
    if (!file)
        fail();
    read_entry(archive_.get(), entry, stat, [&](const char* data, size_t bytes) {
        if (std::fwrite(data, 1, bytes, file.get()) != bytes)
            fail();
    });
    if (std::fflush(file.get()) != 0)
        fail();
}

ZipWriter::ZipWriter(const fs::path& path) {
    int code = 0;
    archive_.reset(zip_open(path.c_str(), ZIP_CREATE | ZIP_TRUNCATE, &code));
    if (!archive_) {
        zip_error_t error;
        zip_error_init_with_code(&error, code);
        const std::string why = zip_error_strerror(&error);
        zip_error_fini(&error);
        cannot_write(why);
    }
}

void ZipWriter::add(const char* entry, void* source) {
    auto* from = static_cast<zip_source_t*>(source);
    if (from == nullptr)
        cannot_write(zip_strerror(archive_.get()));
    const zip_int64_t index = zip_file_add(archive_.get(), entry, from, ZIP_FL_ENC_UTF_8);
    if (index < 0) {
        zip_source_free(from);
        cannot_write(zip_strerror(archive_.get()));
    }
    if (zip_set_file_compression(archive_.get(), static_cast<zip_uint64_t>(index), ZIP_CM_STORE,
                                 0) != 0)
        cannot_write(zip_strerror(archive_.get()));
}

void ZipWriter::add_text(const char* entry, std::string text) {
    // libzip frees it.
    void* copy =
        std::malloc(std::max<size_t>(text.size(), 1)); // NOLINT(cppcoreguidelines-no-malloc)
    if (copy == nullptr)
        throw std::bad_alloc();
    std::memcpy(copy, text.data(), text.size());
    add(entry, zip_source_buffer(archive_.get(), copy, text.size(), 1));
}

void ZipWriter::add_file(const char* entry, const fs::path& file) {
    add(entry, zip_source_file(archive_.get(), file.c_str(), 0, -1));
}

void ZipWriter::finish() {
    if (zip_close(archive_.get()) != 0)
        cannot_write(zip_strerror(archive_.get()));
    static_cast<void>(archive_.release()); // zip_close() has freed it
}

PrivateFolder::PrivateFolder() {
    std::error_code error;
    fs::path where = fs::temp_directory_path(error);
    if (error)
        where = "/tmp";
    std::string pattern = (where / "lamina-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
        throw Error(LM_IO, "cannot make a folder in " + where.string() + ": " +
                               std::strerror(errno) + "\n  hint: TMPDIR names another place");
    path_ = pattern;
}

PrivateFolder::~PrivateFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

} // namespace lamina::plugin
