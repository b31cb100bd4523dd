#include "kernels/gemm.hpp"

#include <algorithm>

#include "lamina/plugin/expression.hpp"

namespace lamina::vulkan {

namespace {

int64_t padded(int64_t extent, int64_t tile) { return (extent + tile - 1) / tile * tile; }

} // namespace

Groups Tile::groups(int64_t m, int64_t n, int64_t z) const {
    return {word(padded(n, columns()) / columns()), word(padded(m, rows()) / rows()), word(z)};
}

std::vector<uint32_t> Tile::constants(bool a_along_k, bool b_along_k) const {
    return {tx * ty, tx, ty, a_along_k, b_along_k};
}

Tile choose_tile(const Limits& limits, int64_t m, int64_t n) {
    // 128 threads run everywhere; the tiles of 16 steps take at most 10 KiB of the 16 that every
    // device has.
    constexpr Tile candidates[] = {{8, 16}, {16, 8}, {4, 32}, {8, 8}, {4, 16}, {2, 32}, {8, 4}};
    Tile best = candidates[3];
    double least = 0;
    for (const Tile& t : candidates) {
        if (t.tx * t.ty > limits.max_invocations)
            continue;
        const auto area =
            static_cast<double>(padded(m, t.rows())) * static_cast<double>(padded(n, t.columns()));
        // A flat tile reads more for each product that it computes.
        const double reads = 1.0 / t.rows() + 1.0 / t.columns();
        const double cost = area * (1.0 + 16.0 * reads);
        if (least == 0 || cost < least) {
            least = cost;
            best = t;
        }
    }
    return best;
}

double tiled_flops(Tile tile, int64_t m, int64_t n, int64_t k) {
    return 2.0 * static_cast<double>(padded(m, tile.rows())) *
           static_cast<double>(padded(n, tile.columns())) * static_cast<double>(k);
}

Epilogue Epilogue::of(const Node& node, int64_t first_extra, int64_t channels,
                      int64_t channel_axis) {
    using Kind = plugin::Argument::Kind;
    using Op = plugin::Element;
    const std::string text = node.string("epilogue");
    Epilogue result;
    if (text.empty())
        return result;
    const auto refuse = [&] { plugin::unsupported("epilogue `" + text + "`"); };
    const auto program = plugin::Expression::parse(text).instructions;
    size_t next = 0;
    int32_t value = -1; // the instruction whose result comes in; -1: the product
    const auto takes = [&](const plugin::Argument& a) {
        return value < 0 ? a == plugin::Argument{Kind::input, 0, 0.0f}
                         : a == plugin::Argument{Kind::temp, value, 0.0f};
    };

    if (program[0].op == Op::add) {
        const plugin::Argument bias{Kind::input, 1, 0.0f};
        const auto& args = program[0].args;
        if (!(takes(args[0]) && args[1] == bias) && !(takes(args[1]) && args[0] == bias))
            refuse();
        const auto extra = node.input(first_extra);
        const int64_t after = node.output().rank() - 1 - channel_axis;
        const int64_t at = extra.rank() - 1 - after;
        if (extra.dtype() != LM_F32 || extra.elements() != channels ||
            (channels > 1 && (at < 0 || extra.dim(at) != channels)))
            plugin::unsupported("epilogue `" + text + "` with i1 of " +
                                plugin::to_string(extra.dims()) + "; only a bias for each of the " +
                                std::to_string(channels) + " channels is taken");
        result.add_bias = 1;
        value = 0;
        next = 1;
    }
    if (next < program.size()) {
        const auto& last = program[next];
        constexpr Op activations[] = {Op::relu, Op::sigmoid, Op::tanh};
        const auto* found = std::find(std::begin(activations), std::end(activations), last.op);
        if (found == std::end(activations) || !takes(last.args[0]) || next + 1 != program.size())
            refuse();
        result.activation = static_cast<uint32_t>(found - activations) + 1;
    }
    return result;
}

} // namespace lamina::vulkan
