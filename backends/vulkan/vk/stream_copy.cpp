#include "vk/stream_copy.hpp"

#include <cstring>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace lamina::vulkan {

#ifdef __SSE2__

void stream_copy(void* target, const void* source, uint64_t bytes) {
    constexpr uint64_t kWorthwhile = 4096, kLine = 64, kVector = sizeof(__m128i);
    if (bytes < kWorthwhile) {
        std::memcpy(target, source, bytes);
        return;
    }
    auto* to = static_cast<std::byte*>(target);
    const auto* from = static_cast<const std::byte*>(source);
    const uint64_t head = (kLine - reinterpret_cast<uintptr_t>(target) % kLine) % kLine;
    std::memcpy(to, from, head);
    uint64_t at = head;
    for (; at + kLine <= bytes; at += kLine)
        for (uint64_t i = at; i < at + kLine; i += kVector)
            _mm_stream_si128(reinterpret_cast<__m128i*>(to + i),
                             _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
    std::memcpy(to + at, from + at, bytes - at);
    _mm_sfence(); // streamed stores come in no order
}

#else

void stream_copy(void* target, const void* source, uint64_t bytes) {
    std::memcpy(target, source, bytes);
}

#endif

} // namespace lamina::vulkan
