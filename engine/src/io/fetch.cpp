#include "lamina/fetch.hpp"

#include "io/curl.hpp"
#include "lamina/atomic_file.hpp"
#include "lamina/error.hpp"
#include "lamina/file.hpp"
#include "lamina/sha256.hpp"

#include <array>
#include <exception>
#include <memory>
#include <span>

namespace lamina {
namespace {

namespace fs = std::filesystem;

struct Download {
    AtomicFile& file;
    Sha256 digest;
    const FetchOptions& options;
    std::exception_ptr failure; // of the disk, carried past curl, through which none may be thrown
    bool cancelled = false;
};

std::size_t on_data(char* data, std::size_t size, std::size_t count, void* context) noexcept {
    auto& download = *static_cast<Download*>(context);
    try {
        const std::string_view piece(data, size * count);
        download.file.write(piece);
        download.digest.update(piece);
        return size * count;
    } catch (...) {
        download.failure = std::current_exception();
        return 0;
    }
}

int on_progress(void* context, curl_off_t total, curl_off_t done, curl_off_t, curl_off_t) noexcept {
    auto& download = *static_cast<Download*>(context);
    if (!download.options.progress)
        return 0;
    try {
        download.cancelled = !download.options.progress(static_cast<std::uint64_t>(done),
                                                        static_cast<std::uint64_t>(total));
    } catch (...) {
        download.failure = std::current_exception();
    }
    return download.cancelled || download.failure ? 1 : 0;
}

bool content_has_digest(const fs::path& path, const std::string& expected) {
    const Bytes file = read_file(path);
    if (!is_gzip(file))
        return false;
    try {
        const Bytes content = gunzip(file, path.string());
        return sha256(std::as_bytes(std::span(content))) == expected;
    } catch (const Error&) {
        return false; // damaged, or cut off
    }
}

} // namespace

bool has_digest(const fs::path& path, const std::string& expected) {
    std::error_code ignored;
    return fs::exists(path, ignored) &&
           (sha256_of_file(path) == expected || content_has_digest(path, expected));
}

void fetch(const std::string& url, const fs::path& target, const FetchOptions& options) {
    const Curl& curl = Curl::instance();
    const std::unique_ptr<CURL, void (*)(CURL*)> handle(curl.easy_init(), curl.easy_cleanup);
    if (!handle)
        throw Error(StatusCode::Internal, "cannot fetch " + url + ": libcurl does not start");

    std::error_code error;
    if (target.has_parent_path())
        fs::create_directories(target.parent_path(), error);
    if (error)
        throw Error(StatusCode::Io,
                    target.parent_path().string() + ": cannot make the folder: " + error.message());
    AtomicFile file(target);
    Download download{file, {}, options, nullptr, false};

    std::array<char, CURL_ERROR_SIZE> reason{};
    CURL* h = handle.get();
    const auto set = [&](CURLoption option, auto value) { curl.easy_setopt(h, option, value); };
    set(CURLOPT_ERRORBUFFER, reason.data());
    set(CURLOPT_URL, url.c_str());
    set(CURLOPT_PROTOCOLS_STR, "http,https,file");
    set(CURLOPT_FOLLOWLOCATION, 1L);
    set(CURLOPT_MAXREDIRS, 10L);
    set(CURLOPT_FAILONERROR, 1L);
    set(CURLOPT_NOSIGNAL, 1L);
    set(CURLOPT_USERAGENT, "lamina/" LAMINA_VERSION);
    set(CURLOPT_CONNECTTIMEOUT, static_cast<long>(options.connect_timeout_seconds));
    set(CURLOPT_LOW_SPEED_LIMIT, 100L);
    set(CURLOPT_LOW_SPEED_TIME, static_cast<long>(options.stall_seconds));
    set(CURLOPT_WRITEFUNCTION, &on_data);
    set(CURLOPT_WRITEDATA, static_cast<void*>(&download));
    set(CURLOPT_NOPROGRESS, 0L);
    set(CURLOPT_XFERINFOFUNCTION, &on_progress);
    set(CURLOPT_XFERINFODATA, static_cast<void*>(&download));

    const CURLcode code = curl.easy_perform(h);
    if (download.failure)
        std::rethrow_exception(download.failure);
    if (download.cancelled)
        throw Error(StatusCode::Cancelled, "cannot fetch " + url + ": cancelled");
    if (code != CURLE_OK)
        throw Error(StatusCode::Io,
                    "cannot fetch " + url + ": " +
                        (reason[0] != '\0' ? reason.data() : curl.easy_strerror(code)));
    const std::string digest = download.digest.hex();
    if (!options.sha256.empty() && digest != options.sha256 &&
        !content_has_digest(file.temporary(), options.sha256))
        throw Error(StatusCode::Io,
                    "cannot fetch " + url +
                        ": its content is not the expected one\n  SHA-256 expected " +
                        options.sha256 + "\n  SHA-256 found    " + digest);
    file.commit();
}

} // namespace lamina
