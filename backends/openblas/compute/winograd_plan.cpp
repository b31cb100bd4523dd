#include <algorithm>

#include "compute/scratch.hpp"
#include "compute/tile_cost.hpp"
#include "compute/winograd.hpp"

namespace lamina::cpu {
namespace {

/// Bytes that a block's transformed source may take, and its products: with the packed filter
/// they should fit a second cache level of 512 KB.
constexpr std::int64_t block_bytes = std::int64_t{176} << 10;

/// From so many channels on, a block's products cost more than moving it through the third level
/// does, and longer blocks read the filter less often.
constexpr std::int64_t many_channels = 96;
constexpr std::int64_t many_channels_block = 96;

constexpr std::int64_t bytes_of_float = static_cast<std::int64_t>(sizeof(float));

std::int64_t div_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

WinogradTiles make_tiles(const ConvShape& s, WinogradKind kind, bool gradient) {
    WinogradTiles t{};
    t.kind = kind;
    t.batch = s.batch;
    for (std::size_t i = 0; i < 2; ++i) {
        t.source[i] = gradient ? s.out[i + 1] : s.in[i + 1];
        t.target[i] = gradient ? s.in[i + 1] : s.out[i + 1];
        t.pad[i] = gradient ? kind.kernel - 1 - s.pad_lo[i + 1] : s.pad_lo[i + 1];
    }
    t.down = div_up(t.target[0], kind.tile);
    t.across = div_up(t.target[1], kind.tile);
    t.total = s.batch * t.down * t.across;
    t.source_channels = gradient ? s.out_channels : s.in_channels;
    t.source_stride = round_up(t.source_channels, float_lanes());
    const std::int64_t per_tile = kind.points() * t.source_stride * bytes_of_float;
    t.block = t.source_channels >= many_channels
                  ? many_channels_block
                  : std::clamp<std::int64_t>(block_bytes / per_tile, 24, 96);
    // Whole images where they fit, so that no row of tiles is cut.
    const std::int64_t image = t.down * t.across;
    if (image <= t.block)
        t.block = t.block / image * image;
    return t;
}

void add_panels(std::int64_t columns, std::vector<Panel>& panels,
                std::vector<std::int64_t>& offsets, std::int64_t& packed) {
    panels = make_panels(columns);
    packed = 0;
    for (const Panel& panel : panels) {
        offsets.push_back(packed);
        packed += panel.vectors * float_lanes();
    }
}

} // namespace

const char* winograd_refusal(const ConvShape& s, WinogradKind kind) {
    if (s.in[0] != 1 || s.out[0] != 1 || s.kernel[0] != 1)
        return "it works on two spatial dimensions";
    if (s.kernel[1] != kind.kernel || s.kernel[2] != kind.kernel)
        return "it is made for another kernel size";
    if (s.stride != Extent3{1, 1, 1})
        return "it needs stride 1";
    if (s.dilation[1] != 1 || s.dilation[2] != 1)
        return "it needs dilation 1";
    if (s.groups != 1)
        return "it needs one group";
    if (s.pad_lo[1] > kind.kernel - 1 || s.pad_lo[2] > kind.kernel - 1)
        return "its padding must be smaller than the kernel";
    return nullptr;
}

std::int64_t WinogradTiles::line_floats() const {
    // One segment of a row of tiles, and what whole vectors read beyond it.
    return round_up((across * kind.tile + kind.kernel - 1) * source_channels + 32, 16);
}

std::int64_t WinogradTiles::matrix_stride(std::int64_t floats) {
    const std::int64_t rounded = round_up(floats, 16);
    return rounded % 256 == 0 ? rounded + 16 : rounded;
}

WinogradPlan WinogradPlan::forward(const ConvShape& shape, WinogradKind kind,
                                   std::int64_t workers) {
    WinogradPlan plan{};
    plan.shape = shape;
    plan.tiles = make_tiles(shape, kind, false);
    plan.transposed = false;
    plan.reduce = shape.in_channels;
    plan.columns = shape.out_channels;
    plan.finish(workers);
    return plan;
}

WinogradPlan WinogradPlan::backward_data(const ConvShape& shape, WinogradKind kind,
                                         std::int64_t workers) {
    WinogradPlan plan{};
    plan.shape = shape;
    plan.tiles = make_tiles(shape, kind, true);
    plan.transposed = true;
    plan.reduce = shape.out_channels;
    plan.columns = shape.in_channels;
    plan.finish(workers);
    return plan;
}

/// Few tiles are cut so that no worker waits long for the last block, and that blocks fill their
/// last register tile; of many, a block is as long as its memory allows.
WinogradPlan::Blocking WinogradPlan::best_blocking(std::int64_t workers) const {
    const double points = tiles.kind.points();
    const auto lanes = static_cast<double>(float_lanes());
    double row = 0;
    for (const Panel& panel : panels)
        row += tile_cycles(panel.vectors, 1, static_cast<double>(reduce));
    // A transform reads, computes and writes each of a tile's points: about 4 cycles a vector.
    const double source = 4 * static_cast<double>(tiles.source_stride) / lanes;
    const double target = 4 * static_cast<double>(packed_columns) / lanes;
    const auto panel_count = static_cast<std::int64_t>(panels.size());
    const std::int64_t height = tile_height(panels.front().vectors);
    const auto filter_bytes = static_cast<double>(packed_bytes());
    const bool many = tiles.total >= 16 * tiles.block;
    Blocking best{0, 0, 0};
    for (std::int64_t size = many ? tiles.block : std::min(height, tiles.block);
         size <= tiles.block;
         size = size < tiles.block ? std::min(size + height, tiles.block) : size + 1) {
        const std::int64_t count = div_up(tiles.total, size);
        for (std::int64_t cut = 1; cut <= (many ? 1 : panel_count); ++cut) {
            const double share =
                static_cast<double>(div_up(panel_count, cut)) / static_cast<double>(panel_count);
            const auto used = static_cast<double>(std::min(size, tiles.total));
            const auto computed = static_cast<double>(many ? size : round_up(size, height));
            const double cycles =
                points * (share * computed * row + used * (source + share * target)) +
                streaming_cycles(share * filter_bytes) + task_cycles;
            const double all = makespan(count * cut, workers, cycles);
            if (best.block == 0 || all < best.cycles)
                best = {size, cut, all};
        }
    }
    return best;
}

void WinogradPlan::finish(std::int64_t workers) {
    add_panels(columns, panels, panel_offsets, packed_columns);
    const Blocking blocking = best_blocking(workers);
    cycles_on_one_core_ = best_blocking(1).cycles;
    tiles.block = blocking.block;
    column_groups = blocking.column_groups;
    const auto count = static_cast<std::int64_t>(panels.size());
    const std::int64_t widest = panels.front().vectors * float_lanes();
    const std::int64_t per_panel = tiles.kind.points() * tiles.block * widest * bytes_of_float;
    panels_at_once = tiles.source_channels >= many_channels
                         ? div_up(count, column_groups)
                         : std::clamp<std::int64_t>(block_bytes / per_panel, 1, count);
    group_columns = std::min(panels_at_once * widest, packed_columns);
}

double WinogradPlan::seconds() const {
    return cycles_to_seconds(cycles_on_one_core_) + packing_seconds();
}

double WinogradPlan::packing_seconds() const {
    const double vectors = static_cast<double>(reduce * packed_columns / float_lanes());
    return cycles_to_seconds(4 * tiles.kind.points() * vectors);
}

std::int64_t WinogradPlan::packed_bytes() const {
    return round_up(tiles.kind.points() * reduce * packed_columns * bytes_of_float,
                    workspace_alignment);
}

std::int64_t WinogradPlan::product_matrix() const {
    return WinogradTiles::matrix_stride(WinogradTiles::whole(tiles.block) * group_columns);
}

std::int64_t WinogradPlan::scratch_bytes() const {
    const std::int64_t alpha = tiles.kind.alpha();
    const std::int64_t floats = (alpha + 1) * tiles.line_floats() +
                                tiles.kind.points() * (tiles.source_matrix() + product_matrix());
    return round_up(floats * bytes_of_float, workspace_alignment);
}

WinogradFilterPlan::WinogradFilterPlan(const ConvShape& s, WinogradKind kind)
    : shape{s}, tiles{make_tiles(s, kind, false)} {
    add_panels(s.out_channels, panels, panel_offsets, packed_columns);
    // Longer blocks add into the partial sums less often.
    const std::int64_t image = tiles.down * tiles.across;
    const std::int64_t wanted = image <= 64 ? std::max<std::int64_t>(1, 64 / image) * image : 64;
    tiles.block = std::min(tiles.total, wanted);
    const std::int64_t limit = std::int64_t{48} << 20;
    chunks = std::min({tiles.blocks(), std::int64_t{16},
                       std::max<std::int64_t>(1, limit / (partial_floats() * bytes_of_float))});
}

double WinogradFilterPlan::seconds() const {
    const double points = tiles.kind.points(), total = static_cast<double>(tiles.total);
    const auto lanes = static_cast<double>(float_lanes());
    const auto block = static_cast<double>(tiles.block);
    double cycles = 0;
    for (const Panel& panel : panels) {
        const std::int64_t height = tile_height(panel.vectors);
        cycles += static_cast<double>(round_up(shape.in_channels, height)) *
                  tile_cycles(panel.vectors, 1, block) / block;
    }
    const double transforms = 3 * static_cast<double>(tiles.source_stride + packed_columns) / lanes;
    const double sums =
        2 * points * static_cast<double>(chunks * shape.in_channels * packed_columns) / lanes;
    return cycles_to_seconds(points * total * (cycles + transforms) + sums);
}

std::int64_t WinogradFilterPlan::partial_floats() const {
    return round_up(tiles.kind.points() * shape.in_channels * shape.out_channels, 16);
}

std::int64_t WinogradFilterPlan::partial_bytes() const {
    return round_up(chunks * partial_floats() * bytes_of_float, workspace_alignment);
}

std::int64_t WinogradFilterPlan::target_matrix() const {
    return WinogradTiles::matrix_stride(tiles.block * packed_columns);
}

std::int64_t WinogradFilterPlan::scratch_bytes() const {
    const std::int64_t floats = (tiles.kind.alpha() + 1) * tiles.line_floats() +
                                tiles.kind.points() * (tiles.source_matrix() + target_matrix()) +
                                64;
    return round_up(floats * bytes_of_float, workspace_alignment);
}

} // namespace lamina::cpu
