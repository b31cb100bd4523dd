/// Convolution with 3 x 3 filters of stride 1 and its two backward passes by Winograd's minimal
/// filtering (Lavin and Gray, 2016): F(2 x 2, 3 x 3) takes 4 multiplications where the sum takes 9,
/// F(4 x 4, 3 x 3) 2.25.

#include <algorithm>

#include "kernels/conv_geometry.hpp"
#include "kernels/map_step.hpp"
#include "kernels/matmul.hpp"
#include "kernels/samples.hpp"
#include "shaders/winograd_filter_f2x3.hpp"
#include "shaders/winograd_filter_f4x3.hpp"
#include "shaders/winograd_filter_gradient_f2x3.hpp"
#include "shaders/winograd_filter_gradient_f4x3.hpp"
#include "shaders/winograd_source_f2x3.hpp"
#include "shaders/winograd_source_f4x3.hpp"
#include "shaders/winograd_target_f2x3.hpp"
#include "shaders/winograd_target_f4x3.hpp"
#include "shaders/winograd_target_gradient_f2x3.hpp"
#include "shaders/winograd_target_gradient_f4x3.hpp"

namespace lamina::vulkan {

namespace {

using Shader = std::span<const uint32_t>;

struct Shaders {
    Shader source, filter, target, target_gradient, filter_gradient;
};
constexpr Shaders kShadersOf2{spirv::winograd_source_f2x3, spirv::winograd_filter_f2x3,
                              spirv::winograd_target_f2x3, spirv::winograd_target_gradient_f2x3,
                              spirv::winograd_filter_gradient_f2x3};
constexpr Shaders kShadersOf4{spirv::winograd_source_f4x3, spirv::winograd_filter_f4x3,
                              spirv::winograd_target_f4x3, spirv::winograd_target_gradient_f4x3,
                              spirv::winograd_filter_gradient_f4x3};

// Transformed tiles take (tile + 2)^2 / tile^2 of the activation's bytes, on both sides of the
// product: 1.8 GB for VGG16's first layers with 32 samples. They are made in chunks of so many
// bytes instead: half the least storage range, and still products of thousands of rows.
constexpr int64_t kScratchBytes = int64_t{64} << 20;
constexpr int64_t kFloat = sizeof(float);

/// An activation's side of a convolution.
struct Side {
    int64_t height, width, channels;
};

/// A pass and how it is cut into chunks of tiles.
struct Cut {
    ConvParams p;
    int64_t tile, points; // points: (tile + 2)^2
    Side source, target;
    int64_t down, across, tiles; // tiles: of all samples
    int64_t chunk;               // tiles at a time

    /// gradient: dy is the source, and dx the target.
    Cut(const Limits& limits, const ConvParams& params, int64_t tile_size, bool gradient)
        : p(params), tile(tile_size), points((tile + 2) * (tile + 2)) {
        refuse();
        const Side x{p.in[1], p.in[2], p.c}, y{p.out[1], p.out[2], p.k};
        source = gradient ? y : x;
        target = gradient ? x : y;
        down = (target.height + tile - 1) / tile;
        across = (target.width + tile - 1) / tile;
        tiles = p.n * down * across;
        const int64_t scratch = std::min(kScratchBytes, static_cast<int64_t>(limits.max_range / 2));
        const int64_t most = scratch / (points * kFloat * (p.c + p.k));
        // A multiple of the products' tiles, and of four.
        chunk = std::min(std::max<int64_t>(most / 128 * 128, 128), tiles);
    }
    void refuse() const {
        if (p.rank != 2 || p.window != plugin::Spatial{1, 3, 3})
            plugin::unsupported("it takes windows of 3 x 3");
        if (p.strides != plugin::Spatial{1, 1, 1} || p.dilations != plugin::Spatial{1, 1, 1})
            plugin::unsupported("it takes strides and dilations of 1");
        if (p.groups != 1)
            plugin::unsupported("it takes one group");
    }

    int64_t chunks() const { return (tiles + chunk - 1) / chunk; }
    uint64_t matrix_bytes(int64_t channels) const {
        return static_cast<uint64_t>(points * chunk * channels * kFloat);
    }
    uint64_t filter_bytes() const { return static_cast<uint64_t>(points * p.c * p.k * kFloat); }
    /// Bytes that the transforms of both activations move, of all chunks.
    double transform_bytes() const {
        const auto activations =
            static_cast<double>(p.n * (p.in_size() * p.c + p.out_size() * p.k));
        return kFloat * (activations + 2.0 * static_cast<double>(points * tiles * (p.c + p.k)));
    }
};

/// A pass cut into chunks of samples, all of them but for activations beyond the storage range, and
/// those into chunks of tiles.
struct Chunks {
    const Limits& limits;
    ConvParams p;
    int64_t tile;
    bool gradient;
    Samples samples;

    /// other: the activation that is not input 0.
    Chunks(const Limits& of_device, const Node& node, int64_t tile_size, bool is_gradient,
           const plugin::TensorView& other)
        : limits(of_device), p(ConvParams::of(node)), tile(tile_size), gradient(is_gradient) {
        require_dtypes(node, {LM_F32});
        const Cut whole(limits, p, tile, gradient);
        if (std::max(whole.filter_bytes(), whole.matrix_bytes(std::max(p.c, p.k))) >
            limits.max_range)
            plugin::unsupported("a filter, or tiles, whose transforms are beyond the device's "
                                "storage range");
        samples = Samples::of(limits, p.n, {node.input(0).bytes(), other.bytes()});
    }
    Cut at(int64_t first_sample) const {
        ConvParams part = p;
        part.n = samples.count(first_sample);
        return {limits, part, tile, gradient};
    }
    Range range(Operand whole, int64_t first_sample) const {
        return samples.range(whole, LM_F32, first_sample);
    }
};

/// One thread each of `threads`.
void dispatch_line(Step& step, Shader shader, std::vector<uint32_t> constants, int64_t threads,
                   std::span<const uint32_t> push, std::span<const Binding> bindings) {
    const uint32_t size = line_workgroup(step.limits);
    constants.insert(constants.begin(), size);
    step.dispatch(shader, constants, push, bindings,
                  step.linear((static_cast<uint64_t>(threads) + size - 1) / size));
}

/// Between an activation and the matrices of its tiles, either way; more: further constants.
void dispatch_tiles(Step& step, Shader shader, const Cut& cut, const Side& side, int64_t first,
                    const std::vector<uint32_t>& more, std::span<const Binding> bindings) {
    const int64_t count = std::min(cut.chunk, cut.tiles - first);
    std::vector<uint32_t> constants{word(side.height),   word(side.width), word(side.channels),
                                    cut.p.channels_last, word(cut.down),   word(cut.across)};
    constants.insert(constants.end(), more.begin(), more.end());
    const uint32_t push[] = {word(first), word(count)};
    dispatch_line(step, shader, std::move(constants), count * side.channels, push, bindings);
}

/// Forward (gradient false) and backward-data.
template <int64_t tile, bool gradient>
struct Winograd {
    static constexpr const Shaders& shaders = tile == 2 ? kShadersOf2 : kShadersOf4;

    /// Of one chunk, once a point.
    static MatmulCall product(const Cut& cut, int64_t tiles) {
        const int64_t from = cut.source.channels, to = cut.target.channels;
        // Tiles by channels where channels are last, else channels by tiles.
        return cut.p.channels_last
                   ? MatmulCall::dense({tiles, to, from, cut.points}, false, gradient)
                   : MatmulCall::dense({to, tiles, from, cut.points}, !gradient, false);
    }
    static Epilogue epilogue(const Limits& limits, const Node& node, const Cut& cut) {
        return conv_epilogue(limits, node, cut.p, cut.target.channels);
    }
    static uint64_t workspace_bytes(const Limits& limits, const Cut& cut) {
        return aligned(limits, cut.filter_bytes()) +
               aligned(limits, cut.matrix_bytes(cut.source.channels)) +
               cut.matrix_bytes(cut.target.channels);
    }
    static Plan describe(const Limits& limits, const Node& node) {
        const Chunks all(limits, node, tile, gradient, node.output());
        const Cut cut = all.at(0);
        const GemmPlan gemm = GemmPlan::choose(limits, product(cut, cut.chunk).product, false);
        const auto chunks = static_cast<double>(cut.chunks());
        const double filter = static_cast<double>(cut.filter_bytes()) * 2;
        const double seconds = limits.seconds(0, cut.transform_bytes() + filter, 0) +
                               chunks * gemm.seconds + (1 + 3 * chunks) * limits.dispatch_seconds;
        const Epilogue after = epilogue(limits, node, cut);
        return {static_cast<double>(all.samples.chunks()) * seconds + after.seconds(limits, node),
                std::max(aligned(limits, workspace_bytes(limits, cut)) + all.samples.staging_bytes,
                         after.temporaries),
                0, "transformed"};
    }
    static void build(Step& step, const Node& node) {
        const Chunks all(step.limits, node, tile, gradient, node.output());
        const Cut whole = all.at(0);
        const Epilogue after = epilogue(step.limits, node, whole);
        const Operand filter = step.workspace(0, whole.filter_bytes());
        const int64_t filters = whole.p.c * whole.p.k;
        const Binding transform_filter[] = {reads(step.in(1)), writes(filter)};
        dispatch_line(step, shaders.filter, {word(filters), gradient}, filters, {},
                      transform_filter);
        for (int64_t first = 0; first < all.p.n; first += all.samples.at_once) {
            Parts parts(step, aligned(step.limits, workspace_bytes(step.limits, whole)));
            const Operand x = parts.read(step.in(0), LM_F32, all.range(step.in(0), first));
            const Operand y = parts.write(step.out(), LM_F32, all.range(step.out(), first));
            convolve(step, all.at(first), after, filter, x, y);
            parts.finish();
        }
        after.finish(step, node);
    }
    static void convolve(Step& step, const Cut& cut, const Epilogue& after, Operand filter,
                         Operand x, Operand y) {
        const uint64_t at_source = aligned(step.limits, cut.filter_bytes());
        const uint64_t at_target =
            at_source + aligned(step.limits, cut.matrix_bytes(cut.source.channels));
        const Operand source = step.workspace(at_source, cut.matrix_bytes(cut.source.channels));
        const Operand target = step.workspace(at_target, cut.matrix_bytes(cut.target.channels));
        // dx sees dy through the rotated filter, whose last entry lies where the first did.
        const auto padding = [&](size_t d) {
            return static_cast<uint32_t>(gradient ? 2 - cut.p.low[d] : cut.p.low[d]);
        };
        for (int64_t first = 0; first < cut.tiles; first += cut.chunk) {
            const Binding transform_source[] = {reads(x), writes(source)};
            dispatch_tiles(step, shaders.source, cut, cut.source, first, {padding(1), padding(2)},
                           transform_source);
            const MatmulCall call = product(cut, std::min(cut.chunk, cut.tiles - first));
            const GemmPlan gemm = GemmPlan::choose(step.limits, call.product, false);
            if (cut.p.channels_last)
                dispatch_matmul(step, gemm, call, source, filter, target);
            else
                dispatch_matmul(step, gemm, call, filter, source, target);
            const Binding transform_target[] = {reads(target), writes(y), reads(target),
                                                reads(after.bias(step, target))};
            dispatch_tiles(step, shaders.target, cut, cut.target, first, after.constants(),
                           transform_target);
        }
    }
};

template <int64_t tile>
struct WinogradFilter {
    static constexpr const Shaders& shaders = tile == 2 ? kShadersOf2 : kShadersOf4;

    /// Of one chunk, once a point: the sum runs over tiles.
    static MatmulCall product(const Cut& cut, int64_t tiles) {
        const Product product{cut.p.c, cut.p.k, tiles, cut.points};
        return MatmulCall::dense(product, cut.p.channels_last, !cut.p.channels_last);
    }
    static uint64_t products_bytes(const Cut& cut, const GemmPlan& gemm) {
        return cut.filter_bytes() * static_cast<uint64_t>(gemm.splits);
    }
    static uint64_t workspace_bytes(const Limits& limits, const Cut& cut, const GemmPlan& gemm) {
        return aligned(limits, cut.matrix_bytes(cut.p.c)) +
               aligned(limits, cut.matrix_bytes(cut.p.k)) +
               aligned(limits, products_bytes(cut, gemm));
    }
    static Plan describe(const Limits& limits, const Node& node) {
        const Chunks all(limits, node, tile, false, node.input(1));
        const Cut cut = all.at(0);
        const GemmPlan gemm = GemmPlan::choose(limits, product(cut, cut.chunk).product);
        const auto chunks = static_cast<double>(cut.chunks());
        const auto products = static_cast<double>(products_bytes(cut, gemm));
        const double seconds = limits.seconds(0, cut.transform_bytes() + 2 * products * chunks, 0) +
                               chunks * gemm.seconds + (1 + 3 * chunks) * limits.dispatch_seconds;
        return {static_cast<double>(all.samples.chunks()) * seconds,
                workspace_bytes(limits, cut, gemm) + all.samples.staging_bytes, 0, "transformed"};
    }
    static void build(Step& step, const Node& node) {
        const Chunks all(step.limits, node, tile, false, node.input(1));
        const Cut whole = all.at(0);
        // One plan for all chunks: each adds to the same copies, and a shorter last one leaves some
        // as they are.
        const GemmPlan gemm = GemmPlan::choose(step.limits, product(whole, whole.chunk).product);
        const uint64_t at_target = aligned(step.limits, whole.matrix_bytes(whole.p.c));
        const uint64_t at_products =
            at_target + aligned(step.limits, whole.matrix_bytes(whole.p.k));
        const Operand source = step.workspace(0, whole.matrix_bytes(whole.p.c));
        const Operand target = step.workspace(at_target, whole.matrix_bytes(whole.p.k));
        const Operand products = step.workspace(at_products, products_bytes(whole, gemm));
        for (int64_t sample = 0; sample < all.p.n; sample += all.samples.at_once) {
            const Cut cut = all.at(sample);
            Parts parts(step, workspace_bytes(step.limits, whole, gemm));
            const Operand x = parts.read(step.in(0), LM_F32, all.range(step.in(0), sample));
            const Operand dy = parts.read(step.in(1), LM_F32, all.range(step.in(1), sample));
            for (int64_t first = 0; first < cut.tiles; first += cut.chunk) {
                const Binding transform_source[] = {reads(x), writes(source)};
                dispatch_tiles(step, shaders.source, cut, cut.source, first,
                               {word(cut.p.low[1]), word(cut.p.low[2])}, transform_source);
                const Binding transform_target[] = {reads(dy), writes(target)};
                dispatch_tiles(step, shaders.target_gradient, cut, cut.target, first, {},
                               transform_target);
                MatmulCall call = product(cut, std::min(cut.chunk, cut.tiles - first));
                call.accumulate = sample > 0 || first > 0;
                dispatch_matmul(step, gemm, call, source, target, products);
            }
        }
        const int64_t filters = whole.p.c * whole.p.k;
        const uint32_t push[] = {word(gemm.splits)};
        const Binding bindings[] = {reads(products), writes(step.out())};
        dispatch_line(step, shaders.filter_gradient, {word(filters)}, filters, push, bindings);
    }
};

using Forward2 = Winograd<2, false>;
using Forward4 = Winograd<4, false>;
using Data2 = Winograd<2, true>;
using Data4 = Winograd<4, true>;
LAMINA_VULKAN_KERNEL(conv_2, "conv", "winograd_f2x3", 10, Forward2)
LAMINA_VULKAN_KERNEL(conv_4, "conv", "winograd_f4x3", 10, Forward4)
LAMINA_VULKAN_KERNEL(data_2, "conv_backward_data", "winograd_f2x3", 10, Data2)
LAMINA_VULKAN_KERNEL(data_4, "conv_backward_data", "winograd_f4x3", 10, Data4)
LAMINA_VULKAN_KERNEL(filter_2, "conv_backward_filter", "winograd_f2x3", 10, WinogradFilter<2>)
LAMINA_VULKAN_KERNEL(filter_4, "conv_backward_filter", "winograd_f4x3", 10, WinogradFilter<4>)

} // namespace

} // namespace lamina::vulkan
