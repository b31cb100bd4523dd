/// The host table's files, images and downloads.
#pragma once

#include "lamina/plugin/abi.h"

namespace lamina {

const char* host_cache_folder();
lm_status host_decode_image(const void* bytes, uint64_t size, int32_t channels, lm_image* out,
                            lm_error* error);
lm_status host_read_file(const char* path, void** bytes, uint64_t* size, lm_error* error);
lm_status host_fetch(const char* url, const char* sha256, const char* path, lm_error* error);
lm_status host_resize_image(const lm_image* image, int32_t width, int32_t height,
                            const char* method, lm_image* out, lm_error* error);

} // namespace lamina
