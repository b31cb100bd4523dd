#include "plugins/host_io.hpp"

#include <cstring>
#include <mutex>

#include "lamina/error.hpp"
#include "lamina/fetch.hpp"
#include "lamina/file.hpp"
#include "lamina/image.hpp"
#include "lamina/paths.hpp"
#include "plugins/guarded.hpp"
#include "plugins/host.hpp"

namespace lamina {

namespace {

/// A copy that the plugin frees through the host table.
void* hand_out(const void* data, size_t bytes) {
    void* out = host_table()->allocate(bytes == 0 ? 1 : bytes);
    if (out == nullptr)
        throw std::bad_alloc();
    if (bytes > 0)
        std::memcpy(out, data, bytes);
    return out;
}

void hand_out(const Image& image, lm_image* out) {
    out->width = image.width;
    out->height = image.height;
    out->channels = image.channels;
    out->pixels = static_cast<uint8_t*>(hand_out(image.pixels.data(), image.pixels.size()));
}

struct Watcher {
    std::mutex mutex;
    DownloadProgress progress;
};

Watcher& watcher() {
    static Watcher instance;
    return instance;
}

} // namespace

void set_download_progress(DownloadProgress progress) {
    const std::lock_guard lock(watcher().mutex);
    watcher().progress = std::move(progress);
}

const char* host_cache_folder() {
    static const std::string folder = cache_folder().string();
    return folder.c_str();
}

lm_status host_decode_image(const void* bytes, uint64_t size, int32_t channels, lm_image* out,
                            lm_error* error) {
    return guarded(error, [&] {
        const Image image =
            decode_image({static_cast<const uint8_t*>(bytes), size}, "image", channels);
        hand_out(image, out);
    });
}

lm_status host_resize_image(const lm_image* image, int32_t width, int32_t height,
                            const char* method, lm_image* out, lm_error* error) {
    return guarded(error, [&] {
        const std::string name = method;
        if (name != "nearest" && name != "bilinear")
            throw Error(StatusCode::InvalidArgument,
                        "unknown resampling \"" + name + "\": expected nearest or bilinear");
        const auto bytes = static_cast<size_t>(image->width) * static_cast<size_t>(image->height) *
                           static_cast<size_t>(image->channels);
        const Image source{
            image->width, image->height, image->channels, {image->pixels, image->pixels + bytes}};
        hand_out(resize(source, width, height,
                        name == "nearest" ? Resampling::Nearest : Resampling::Bilinear),
                 out);
    });
}

lm_status host_read_file(const char* path, void** bytes, uint64_t* size, lm_error* error) {
    return guarded(error, [&] {
        const Bytes content = read_maybe_gzip(path);
        *bytes = hand_out(content.data(), content.size());
        *size = content.size();
    });
}

lm_status host_fetch(const char* url, const char* sha256, const char* path, lm_error* error) {
    return guarded(error, [&] {
        FetchOptions options;
        options.sha256 = sha256 == nullptr ? "" : sha256;
        if (!options.sha256.empty() && has_digest(path, options.sha256))
            return;
        options.progress = [url](std::uint64_t done, std::uint64_t total) {
            const std::lock_guard lock(watcher().mutex);
            return !watcher().progress || watcher().progress(url, done, total);
        };
        fetch(url, path, options);
    });
}

} // namespace lamina
