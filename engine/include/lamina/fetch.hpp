#pragma once

#include "lamina/export.hpp"

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace lamina {

struct FetchOptions {
    /// Expected digest, 64 hexadecimal digits, of the file or, when it is gzip, of what it
    /// decompresses to: then any mirror's compression will do. Empty: not checked.
    std::string sha256;
    /// Called with the bytes that have come and the bytes in all (0 while unknown); returning false
    /// stops the download with Error(Cancelled).
    std::function<bool(std::uint64_t done, std::uint64_t total)> progress;
    int connect_timeout_seconds = 20;
    /// Gives up when fewer than 100 bytes a second come for this long.
    int stall_seconds = 30;
};

/// Downloads a URL (http, https, file) to a path, which appears only when it is whole and its
/// digest right; missing folders are made. Redirections are followed.
/// Throws Error(Io) that names the URL and the reason: no network, not found, timeout, wrong
/// digest.
LAMINA_API void fetch(const std::string& url, const std::filesystem::path& target,
                      const FetchOptions& options = {});

/// Whoever shows the downloads that plugins start, as `FetchOptions::progress` with the URL; an
/// empty function: nobody. Called by one thread at a time.
using DownloadProgress =
    std::function<bool(const std::string& url, std::uint64_t done, std::uint64_t total)>;
LAMINA_API void set_download_progress(DownloadProgress progress);

/// Whether a file is there whose digest, or that of its gzip content, is this one.
LAMINA_API bool has_digest(const std::filesystem::path& path, const std::string& sha256);

} // namespace lamina
