/// Convolution with large windows and its two backward passes by the fast Fourier transform, in
/// tiles that overlap by a window less one (overlap-save): a tile of T gives T - window + 1 outputs
/// along each dimension, and the work hardly depends on the window.

#include <algorithm>
#include <optional>

#include "kernels/conv_geometry.hpp"
#include "kernels/fft.hpp"
#include "kernels/gemm.hpp"
#include "kernels/map_step.hpp"
#include "kernels/samples.hpp"
#include "shaders/fft_filter.hpp"
#include "shaders/fft_filter_gradient.hpp"
#include "shaders/fft_product.hpp"
#include "shaders/fft_product_unshared.hpp"
#include "shaders/fft_source.hpp"
#include "shaders/fft_target.hpp"

namespace lamina::vulkan {

namespace {

// Transformed tiles and filters take many times the memory of what they are made of: a filter of
// 7 x 7 by 64 x 64 grows 84 times. They are made in chunks, the filter's of at most half of this
// and the activations' of the other half.
constexpr uint64_t kScratchBytes = uint64_t{64} << 20;
// Smaller ones are implicit GEMM's and Winograd's.
constexpr int64_t kSmallestWindow = 5;

enum class Pass : uint8_t { forward, data, filter };

/// An activation's side of a convolution.
struct Side {
    Spatial size;
    int64_t channels;

    int64_t pairs() const { return (channels + 1) / 2; }
};

int64_t parts_of(int64_t extent, int64_t size) { return (extent + size - 1) / size; }

/// A pass with tiles of one size, cut into chunks of tiles and of pairs of channels.
///
/// Of the three kinds of images, `a` are tiles of what the pass takes first (x, or dy), `b` are of
/// the filter or, for its gradient, tiles of dy, and `y` are what the product gives: tiles, or the
/// filter's gradient. Chunks of channels are b's and y's.
struct Tiling {
    Pass pass;
    ConvParams p;
    Spatial tile{}, step{}; // step: of tiles, and what one gives or, for the gradient, takes of dy
    Spatial count{};        // tiles in a sample
    Side a, b;              // b: the side that has b's channels
    int64_t tiles = 0;      // of all samples
    int64_t tiles_at_once = 0, pairs_at_once = 0;
    Samples samples{}; // whose tiles may be in one chunk

    /// None where not even one tile, or one pair of channels, has room.
    static std::optional<Tiling> of(Pass pass, const ConvParams& p, const Spatial& tile,
                                    const Samples& samples, uint64_t scratch_bytes) {
        const Side x{p.in, p.c}, y{p.out, p.k};
        Tiling t{pass, p, tile, {}, {}, pass == Pass::data ? y : x, pass == Pass::data ? x : y};
        t.samples = samples;
        t.tiles = p.n;
        for (size_t d = 0; d < 3; ++d) {
            t.step[d] = tile[d] - p.window[d] + 1;
            if (t.step[d] < 1)
                return std::nullopt;
            t.count[d] = parts_of(t.b.size[d], t.step[d]);
            t.tiles *= t.count[d];
        }
        const uint64_t half = scratch_bytes / 2;
        const auto cut = [](int64_t extent, auto fits) { // into equal chunks
            int64_t chunks = 1;
            while (chunks < extent && !fits(parts_of(extent, chunks)))
                ++chunks;
            return fits(parts_of(extent, chunks)) ? parts_of(extent, chunks) : 0;
        };
        t.pairs_at_once =
            cut(t.b.pairs(), [&](int64_t pairs) { return t.bytes(t.filters(pairs)) <= half; });
        t.tiles_at_once = cut(t.tiles, [&](int64_t tiles) {
            return t.bytes(tiles * t.a.pairs()) + t.bytes(tiles * t.pairs_at_once) <= half;
        });
        if (t.pairs_at_once == 0 || t.tiles_at_once == 0)
            return std::nullopt;
        return t;
    }

    /// Images of a filter with so many pairs of channels given: whole pairs of channels taken.
    int64_t filters(int64_t pairs) const { return 2 * a.pairs() * pairs; }
    uint64_t bytes(int64_t images) const { return fft_bytes(tile, images); }

    int64_t sample_tiles(int64_t count) const { return p.n > 0 ? tiles / p.n * count : 0; }
    int64_t tile_chunks() const {
        const int64_t last = p.n % samples.at_once;
        return p.n / samples.at_once * parts_of(sample_tiles(samples.at_once), tiles_at_once) +
               parts_of(sample_tiles(last), tiles_at_once);
    }
    int64_t pair_chunks() const { return parts_of(b.pairs(), pairs_at_once); }

    /// Of complex numbers, as one of real ones.
    Product product(int64_t some_tiles, int64_t pairs) const {
        const int64_t points = fft_points(tile);
        const int64_t alone = [&] { // frequencies that are their own opposites
            int64_t n = 1;
            for (const int64_t extent : tile)
                n *= extent > 1 && extent % 2 == 0 ? 2 : 1;
            return n;
        }();
        const int64_t frequencies = (points + alone) / 2;
        return pass == Pass::filter ? Product{a.channels, 4 * pairs, 2 * some_tiles, frequencies}
                                    : Product{some_tiles, 4 * pairs, 4 * a.pairs(), frequencies};
    }
    GemmPlan plan(const Limits& limits, int64_t some_tiles, int64_t pairs) const {
        return GemmPlan::choose(limits, product(some_tiles, pairs), false);
    }
    float scale() const { return 0.25f / static_cast<float>(fft_points(tile)); }

    double seconds(const Limits&) const;
};

double Tiling::seconds(const Limits& limits) const {
    const auto chunks = static_cast<double>(tile_chunks()),
               slices = static_cast<double>(pair_chunks());
    // Making images, or taking them apart, moves their bytes and the values'.
    const auto move = [&](int64_t images) {
        return limits.seconds(0, 1.5 * static_cast<double>(bytes(images)));
    };
    const auto transformed = [&](int64_t images) {
        return move(images) + fft_seconds(limits, tile, images);
    };
    const double of_a = transformed(tiles_at_once * a.pairs());
    const double of_tiles = transformed(tiles_at_once * pairs_at_once);
    const double of_filter = transformed(filters(pairs_at_once));
    const double product =
        plan(limits, tiles_at_once, pairs_at_once).seconds + limits.dispatch_seconds;
    const double passes_over_a = chunks > 1 ? slices : 1; // else a stays where it is
    return chunks * passes_over_a * of_a + slices * (of_filter + chunks * (of_tiles + product));
}

/// The cheapest of all sizes, from the shape alone.
Tiling choose(const Limits& limits, const Node& node, Pass pass) {
    require_dtypes(node, {LM_F32});
    const ConvParams p = ConvParams::of(node);
    if (p.strides != Spatial{1, 1, 1} || p.dilations != Spatial{1, 1, 1})
        plugin::unsupported("it takes strides and dilations of 1");
    if (p.groups != 1)
        plugin::unsupported("it takes one group");
    if (*std::max_element(p.window.begin(), p.window.end()) < kSmallestWindow)
        plugin::unsupported("it takes windows of " + std::to_string(kSmallestWindow) +
                            " and more along a dimension");
    if (static_cast<uint64_t>(p.window_size() * p.c * p.k) * sizeof(float) > limits.max_range)
        plugin::unsupported("a filter beyond the device's storage range");
    const auto other = pass == Pass::filter ? node.input(1) : node.output();
    const Samples samples = Samples::of(limits, p.n, {node.input(0).bytes(), other.bytes()});
    const uint64_t scratch_bytes = std::min(kScratchBytes, limits.max_range);
    std::optional<Tiling> best;
    double best_seconds = 0;
    for (const Spatial& size : fft_sizes(p.rank)) {
        const auto tiling = Tiling::of(pass, p, size, samples, scratch_bytes);
        if (!tiling)
            continue;
        const double seconds = tiling->seconds(limits);
        if (!best || seconds < best_seconds) {
            best = tiling;
            best_seconds = seconds;
        }
    }
    if (!best)
        plugin::unsupported("a window of " + plugin::to_string(std::span(p.window).last(p.rank)) +
                            " with " + std::to_string(p.c) + " and " + std::to_string(p.k) +
                            " channels, whose transforms are too long or take more than " +
                            std::to_string(scratch_bytes >> 20) + " MiB");
    return *best;
}

/// What a pass adds to its step.
class Recorder {
  public:
    Recorder(Step& step, const Tiling& tiling) : step_(step), t_(tiling) {
        const auto place = [&](int64_t images) {
            const Operand operand = step.workspace(workspace_bytes_, t_.bytes(images));
            workspace_bytes_ += aligned(step.limits, operand.bytes);
            return operand;
        };
        filter_ = place(t_.filters(t_.pairs_at_once));
        a_ = place(t_.tiles_at_once * t_.a.pairs());
        tiles_ = place(t_.tiles_at_once * t_.pairs_at_once);
    }
    static uint64_t workspace_bytes(const Limits& limits, const Tiling& t) {
        return aligned(limits, t.bytes(t.filters(t.pairs_at_once))) +
               aligned(limits, t.bytes(t.tiles_at_once * t.a.pairs())) +
               aligned(limits, t.bytes(t.tiles_at_once * t.pairs_at_once)) +
               t.samples.staging_bytes;
    }

    /// Forward and backward-data.
    void activation(const Epilogue& epilogue) const {
        // dx sees dy through the rotated filter, whose last entry lies where the first did: dy's
        // tile begins so far before dx's, and the window's span later dx is whole.
        const bool gradient = t_.pass == Pass::data;
        Spatial low = t_.p.low, first{};
        for (size_t d = 0; gradient && d < 3; ++d) {
            first[d] = t_.p.window[d] - 1;
            low[d] = first[d] - low[d];
        }
        for_each_chunk([&](const Chunk& c) {
            if (c.is_first) {
                filter_images(spirv::fft_filter, c, {gradient}, t_.tile, step_.in(1), filter_);
                dispatch_fft(step_, t_.tile, filter_, t_.filters(c.pairs));
            }
            if (c.first_pair == 0 || t_.tile_chunks() > 1)
                source(c, t_.a, step_.in(0), a_, low, t_.tile);
            product(c, a_, filter_, tiles_, !gradient, false);
            dispatch_fft(step_, t_.tile, tiles_, c.tiles * c.pairs);
            target(c, first, epilogue);
        });
    }

    void filter_gradient() const {
        for_each_chunk([&](const Chunk& c) {
            if (c.first_pair == 0 || t_.tile_chunks() > 1)
                source(c, t_.a, step_.in(0), a_, t_.p.low, t_.tile);
            source(c, t_.b, step_.in(1), tiles_, {}, t_.step);
            product(c, a_, tiles_, filter_, true, !c.is_first);
            if (c.is_last) {
                dispatch_fft(step_, t_.tile, filter_, t_.a.channels * c.pairs);
                filter_images(spirv::fft_filter_gradient, c, {false, word(t_.scale())}, t_.p.window,
                              filter_, step_.out());
            }
        });
    }

  private:
    /// Tiles of the samples that are bound together, counted from the first of these; whether they
    /// are the first or the last of all for their pairs of channels.
    struct Chunk {
        int64_t first_sample, first_tile, tiles, first_pair, pairs;
        bool is_first, is_last;
    };
    template <class Record>
    void for_each_chunk(Record record) const {
        for (int64_t pair = 0; pair < t_.b.pairs(); pair += t_.pairs_at_once) {
            const int64_t pairs = std::min(t_.pairs_at_once, t_.b.pairs() - pair);
            for (int64_t n = 0; n < t_.p.n; n += t_.samples.at_once) {
                const int64_t tiles = t_.sample_tiles(t_.samples.count(n));
                for (int64_t tile = 0; tile < tiles; tile += t_.tiles_at_once) {
                    const int64_t count = std::min(t_.tiles_at_once, tiles - tile);
                    record(Chunk{n, tile, count, pair, pairs, n == 0 && tile == 0,
                                 n + t_.samples.at_once >= t_.p.n && tile + count == tiles});
                }
            }
        }
    }
    Range samples_of(const Chunk& c, Operand whole) const {
        return t_.samples.range(whole, LM_F32, c.first_sample);
    }

    static void append(std::vector<uint32_t>& constants, const Spatial& list) {
        for (const int64_t v : list)
            constants.push_back(word(v));
    }
    /// One thread for each entry of so many images cut down to `extent`.
    void dispatch(std::span<const uint32_t> shader, std::vector<uint32_t> constants, int64_t images,
                  const Spatial& extent, std::span<const uint32_t> push,
                  std::span<const Binding> bindings) const {
        const int64_t size = line_workgroup(step_.limits);
        constants.insert(constants.begin(), word(size));
        const int64_t threads = fft_blocks(images) * kFftLanes * fft_points(extent);
        step_.dispatch(shader, constants, push, bindings,
                       step_.linear(static_cast<uint64_t>(parts_of(threads, size))));
    }
    /// Constants 1 to 14 of an activation's shaders.
    std::vector<uint32_t> activation_constants(const Side& side) const {
        std::vector<uint32_t> constants;
        append(constants, t_.tile);
        append(constants, side.size);
        constants.insert(constants.end(), {word(side.channels), t_.p.channels_last});
        append(constants, t_.count);
        append(constants, t_.step);
        return constants;
    }

    void source(const Chunk& c, const Side& side, Operand from, Operand images, const Spatial& low,
                const Spatial& extent) const {
        const bool whole = &side == &t_.a; // all of a's channels at once
        auto constants = activation_constants(side);
        append(constants, low);
        append(constants, extent);
        const int64_t pairs = whole ? side.pairs() : c.pairs;
        const uint32_t push[] = {word(c.first_tile), word(c.tiles), whole ? 0 : word(c.first_pair),
                                 word(pairs)};
        Parts parts(step_, workspace_bytes_);
        const Binding bindings[] = {reads(parts.read(from, LM_F32, samples_of(c, from))),
                                    writes(images)};
        dispatch(spirv::fft_source, std::move(constants), c.tiles * pairs, t_.tile, push, bindings);
        dispatch_fft(step_, t_.tile, images, c.tiles * pairs);
    }

    void target(const Chunk& c, const Spatial& first, const Epilogue& epilogue) const {
        auto constants = activation_constants(t_.b);
        append(constants, first);
        constants.push_back(word(t_.scale()));
        const auto riding = epilogue.constants();
        constants.insert(constants.end(), riding.begin(), riding.end());
        const uint32_t push[] = {word(c.first_tile), word(c.tiles), word(c.first_pair),
                                 word(c.pairs)};
        Parts parts(step_, workspace_bytes_);
        const Operand y = parts.update(step_.out(), LM_F32, samples_of(c, step_.out()));
        const Binding bindings[] = {reads(tiles_), writes(y), reads(tiles_),
                                    reads(epilogue.bias(step_, tiles_))};
        dispatch(spirv::fft_target, std::move(constants), c.tiles * c.pairs, t_.step, push,
                 bindings);
        parts.finish();
    }

    /// Between weights and their images, either way; more: constants from 9 on.
    void filter_images(std::span<const uint32_t> shader, const Chunk& c,
                       std::initializer_list<uint32_t> more, const Spatial& extent, Operand from,
                       Operand to) const {
        std::vector<uint32_t> constants;
        append(constants, t_.tile);
        append(constants, t_.p.window);
        constants.insert(constants.end(), {word(t_.a.channels), word(t_.b.channels)});
        constants.insert(constants.end(), more);
        const int64_t images =
            t_.pass == Pass::filter ? t_.a.channels * c.pairs : t_.filters(c.pairs);
        const uint32_t push[] = {word(images), word(c.first_pair), word(c.pairs)};
        const Binding bindings[] = {reads(from), writes(to)};
        dispatch(shader, std::move(constants), images, extent, push, bindings);
    }

    void product(const Chunk& c, Operand a, Operand b, Operand y, bool conjugate,
                 bool accumulate) const {
        const Product product = t_.product(c.tiles, c.pairs);
        const GemmPlan gemm = GemmPlan::choose(step_.limits, product, false);
        auto constants = gemm.constants({t_.pass != Pass::filter, false, true, true, true});
        constants.insert(constants.end(), {word(fft_points(t_.tile)), conjugate, accumulate});
        const uint32_t push[] = {word(product.m), word(product.n), word(product.k),
                                 word(t_.a.pairs()), word(c.pairs)};
        const Binding bindings[] = {reads(a), reads(b), accumulate ? updates(y) : writes(y),
                                    reads(step_.table(fft_frequencies(t_.tile)))};
        const ProductShaders shaders{spirv::fft_product, spirv::fft_product_unshared, {}};
        step_.dispatch(shaders[static_cast<size_t>(gemm.shader)], constants, push, bindings,
                       gemm.groups(step_, product));
    }

    Step& step_;
    const Tiling& t_;
    uint64_t workspace_bytes_ = 0;
    Operand filter_, a_, tiles_;
};

template <Pass pass>
struct OfActivation {
    static Epilogue epilogue(const Limits& limits, const Node& node, const Tiling& t) {
        return conv_epilogue(limits, node, t.p, t.b.channels);
    }
    static Plan describe(const Limits& limits, const Node& node) {
        const Tiling t = choose(limits, node, pass);
        const Epilogue after = epilogue(limits, node, t);
        return {t.seconds(limits) + after.seconds(limits, node),
                std::max(Recorder::workspace_bytes(limits, t), after.temporaries), 0,
                "transformed"};
    }
    static void build(Step& step, const Node& node) {
        const Tiling t = choose(step.limits, node, pass);
        const Epilogue after = epilogue(step.limits, node, t);
        Recorder(step, t).activation(after);
        after.finish(step, node);
    }
};

struct OfFilter {
    static Plan describe(const Limits& limits, const Node& node) {
        const Tiling t = choose(limits, node, Pass::filter);
        return {t.seconds(limits), Recorder::workspace_bytes(limits, t), 0, "transformed"};
    }
    static void build(Step& step, const Node& node) {
        const Tiling t = choose(step.limits, node, Pass::filter);
        Recorder(step, t).filter_gradient();
    }
};

using Forward = OfActivation<Pass::forward>;
using Data = OfActivation<Pass::data>;
LAMINA_VULKAN_KERNEL(conv, "conv", "fft", 10, Forward)
LAMINA_VULKAN_KERNEL(data, "conv_backward_data", "fft", 10, Data)
LAMINA_VULKAN_KERNEL(filter, "conv_backward_filter", "fft", 10, OfFilter)

} // namespace

} // namespace lamina::vulkan
