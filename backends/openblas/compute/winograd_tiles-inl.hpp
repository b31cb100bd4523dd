// Cuts tiles out of a source and transforms them. Included once for each instruction set.

#if defined(LAMINA_CPU_WINOGRAD_TILES_INL) == defined(HWY_TARGET_TOGGLE)
#ifdef LAMINA_CPU_WINOGRAD_TILES_INL
#undef LAMINA_CPU_WINOGRAD_TILES_INL
#else
#define LAMINA_CPU_WINOGRAD_TILES_INL
#endif

#include <algorithm>
#include <cstring>

#include "compute/winograd.hpp"
#include "compute/winograd_transforms-inl.hpp"

HWY_BEFORE_NAMESPACE();
namespace lamina::cpu::HWY_NAMESPACE {

/// Part of one row of tiles of one image.
struct Segment {
    std::int64_t n, row, first, count; ///< tiles [first, first + count) across
};

/// Calls f(segment, its first tile's index in the block) for each row of tiles that the tiles
/// [begin, end) of the batch touch.
template <class F>
inline void for_each_segment(const WinogradTiles& t, std::int64_t begin, std::int64_t end, F&& f) {
    for (std::int64_t at = begin; at < end;) {
        const std::int64_t across = at % t.across;
        const std::int64_t count = std::min(end - at, t.across - across);
        f(Segment{at / t.across / t.down, at / t.across % t.down, across, count}, at - begin);
        at += count;
    }
}

/// First half: B^T down the columns of `Alpha` source lines, for all pixels and channels of a
/// segment at once. Neighbouring tiles overlap, so this half is shared between them.
template <int Alpha>
inline void transform_lines(const WinogradTiles& t, const float* source, const Segment& segment,
                            const float* zeros, float* lines) {
    const Float d;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const std::int64_t channels = t.source_channels;
    const std::int64_t first = segment.first * t.kind.tile - t.pad[1];
    const std::int64_t width = (segment.count - 1) * t.kind.tile + Alpha;
    const std::int64_t before = std::clamp<std::int64_t>(-first, 0, width);
    const std::int64_t after =
        std::clamp<std::int64_t>(first + width - t.source[1], 0, width - before);
    const std::int64_t inside = (width - before - after) * channels;
    const float* from[Alpha];
    for (int i = 0; i < Alpha; ++i) {
        const std::int64_t h = segment.row * t.kind.tile - t.pad[0] + i;
        from[i] = h < 0 || h >= t.source[0]
                      ? zeros
                      : source + ((segment.n * t.source[0] + h) * t.source[1] + first + before) *
                                     channels;
    }
    const std::int64_t stride = t.line_floats();
    for (int i = 0; i < Alpha; ++i) {
        float* line = lines + i * stride;
        std::fill(line, line + before * channels, 0.0f);
        std::fill(line + before * channels + inside, line + width * channels + 2 * lanes, 0.0f);
    }
    float* to = lines + before * channels;
    FloatVec in[Alpha], out[Alpha];
    std::int64_t x = 0;
    for (; x + lanes <= inside; x += lanes) {
#pragma GCC unroll 8
        for (int i = 0; i < Alpha; ++i)
            in[i] = hn::LoadU(d, from[i] + x);
        source_transform(in, out);
#pragma GCC unroll 8
        for (int i = 0; i < Alpha; ++i)
            hn::StoreU(out[i], d, to + i * stride + x);
    }
    if (x < inside) {
        const auto mask = hn::FirstN(d, static_cast<std::size_t>(inside - x));
        for (int i = 0; i < Alpha; ++i)
            in[i] = masked_load(mask, d, from[i] + x);
        source_transform(in, out);
#pragma GCC unroll 8
        for (int i = 0; i < Alpha; ++i)
            hn::StoreU(out[i], d, to + i * stride + x);
    }
}

/// Second half: B along each tile's rows. v: [point][tile][source_stride].
template <int Alpha>
inline void transform_columns(const WinogradTiles& t, const Segment& segment, const float* lines,
                              float* v) {
    const Float d;
    const std::int64_t lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const std::int64_t stride = t.line_floats(), matrix = t.source_matrix();
    for (std::int64_t tile = 0; tile < segment.count; ++tile)
        for (int i = 0; i < Alpha; ++i) {
            const float* from = lines + i * stride + tile * t.kind.tile * t.source_channels;
            float* to = v + i * Alpha * matrix + tile * t.source_stride;
            for (std::int64_t c = 0; c < t.source_stride; c += lanes) {
                FloatVec in[Alpha], out[Alpha];
#pragma GCC unroll 8
                for (int j = 0; j < Alpha; ++j)
                    in[j] = hn::LoadU(d, from + j * t.source_channels + c);
                source_transform(in, out);
#pragma GCC unroll 8
                for (int j = 0; j < Alpha; ++j)
                    hn::StoreU(out[j], d, to + j * matrix + c);
            }
        }
}

/// Transforms the source of the tiles [begin, end) into v.
template <int Alpha>
inline void transform_source(const WinogradTiles& t, const float* source, std::int64_t begin,
                             std::int64_t end, float* lines, float* v) {
    const float* zeros = lines + Alpha * t.line_floats();
    for_each_segment(t, begin, end, [&](const Segment& segment, std::int64_t at) {
        transform_lines<Alpha>(t, source, segment, zeros, lines);
        transform_columns<Alpha>(t, segment, lines, v + at * t.source_stride);
    });
}

} // namespace lamina::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif
