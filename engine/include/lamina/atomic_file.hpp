#pragma once

#include "lamina/export.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string_view>

namespace lamina {

/// A file that appears whole or not at all.
///
/// The bytes go to a temporary file beside the target, ".NAME.partial"; commit() brings them to the
/// disk and renames it over the target. A program that is killed, or a disk that is full, leaves
/// the old file as it was. What a killed run left behind is written over by the next.
/// A symbolic link's target is replaced, not the link. Devices and pipes are written directly.
/// Every failure is an Error(Io) that names the path and says why.
class LAMINA_API AtomicFile {
  public:
    explicit AtomicFile(const std::filesystem::path& target);
    /// Removes the temporary file unless commit() succeeded.
    ~AtomicFile();
    AtomicFile(const AtomicFile&) = delete;
    AtomicFile& operator=(const AtomicFile&) = delete;

    void write(std::span<const std::byte> bytes);
    void write(std::string_view text);

    /// Where the bytes go until commit(), for libraries that open files by name themselves.
    const std::filesystem::path& temporary() const;

    void commit();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

/// Writes a whole file through AtomicFile.
LAMINA_API void write_file(const std::filesystem::path& target, std::string_view text);
LAMINA_API void write_file(const std::filesystem::path& target, std::span<const std::byte> bytes);

} // namespace lamina
