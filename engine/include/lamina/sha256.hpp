#pragma once

#include "lamina/export.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lamina {

/// SHA-256 of bytes that come in pieces.
class LAMINA_API Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void update(std::span<const std::byte> bytes);
    void update(std::string_view text) { update(std::as_bytes(std::span(text))); }
    /// 64 lower-case hexadecimal digits. Ends this digest; the next update starts a new one.
    std::string hex();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

LAMINA_API std::string sha256(std::span<const std::byte> bytes);
LAMINA_API std::string sha256(std::string_view text);
/// Throws Error(NotFound) or Error(Io).
LAMINA_API std::string sha256_of_file(const std::filesystem::path& path);

} // namespace lamina
